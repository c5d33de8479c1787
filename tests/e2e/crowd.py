#!/usr/bin/env python3
"""Clients that misbehave, for faults.bats. WHERE is a port of loopback or the path of a unix socket.

  crowd.py hold WHERE COUNT TEXT      COUNT connections that send TEXT, then nothing; tells how many there are, holds them until stdin ends
  crowd.py trickle WHERE TEXT         sends TEXT and reads one byte a second until stdin ends; says "reading" after the first
  crowd.py ask WHERE                  sends what comes on stdin, and prints the answer
"""
import resource
import select
import socket
import sys


def connect(where):
    if where.isdigit():
        return socket.create_connection(("127.0.0.1", int(where)), timeout=20)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(where)
    return s


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def hold(where, count, text):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    for _ in range(int(count)):
        try:
            s = connect(where)
            s.sendall(unescape(text))
        except OSError:
            break  # its queue is full, or we have no more descriptors
        held.append(s)
    print(len(held), flush=True)
    sys.stdin.read()


def trickle(where, text):
    s = connect(where)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.sendall(unescape(text))
    s.recv(1)
    print("reading", flush=True)
    while not select.select([sys.stdin], [], [], 1)[0]:
        if not s.recv(1):
            print("closed", flush=True)
            return


def ask(where):
    s = connect(where)
    try:
        s.sendall(sys.stdin.buffer.read())
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has heard enough, and may have said so
    try:
        while data := s.recv(65536):
            sys.stdout.buffer.write(data)
    except ConnectionResetError:
        pass


{"hold": hold, "trickle": trickle, "ask": ask}[sys.argv[1]](*sys.argv[2:])
