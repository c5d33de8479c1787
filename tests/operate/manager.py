#!/usr/bin/env python3
"""A service manager as small as can be: it opens the sockets, hands them to the program, and keeps them while that is restarted.

    manager.py HOOK_SOCKET ADMIN_SOCKET ADDRESS FILE PROGRAM [ARGUMENT...]

FILE gets the port that the kernel chose for ADDRESS, FILE.pid the pid of the program. SIGHUP restarts the program as `systemctl restart`
would; SIGTERM ends it, and then this, with its status. So does an end of its own.
"""
import os
import signal
import socket
import sys


def listen(family, address):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.bind(address)
    s.listen(128)
    return s


def write(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def start(sockets, program):
    """In the child the descriptors are those from 3 on, and the pid is its own."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        high = [os.dup(s.fileno()) for s in sockets]
        while min(high) < 3 + len(high):
            high = [os.dup(fd) for fd in high]
        for at, fd in enumerate(high):
            os.dup2(fd, 3 + at, inheritable=True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES="hook:admin:tcp")
        os.execvp(program[0], program)
    finally:
        os._exit(127)


def end(pid):
    os.kill(pid, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    hook, admin, address, file, *program = sys.argv[1:]
    signals = [signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD]
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    sockets = [listen(socket.AF_UNIX, hook), listen(socket.AF_UNIX, admin), listen(socket.AF_INET, (address, 0))]
    os.chmod(hook, 0o660)
    os.chmod(admin, 0o600)
    pid = start(sockets, program)
    write(file + ".pid", str(pid))
    write(file, str(sockets[2].getsockname()[1]))
    while True:
        got = signal.sigwait(signals)
        if got == signal.SIGTERM:
            sys.exit(end(pid))
        if got == signal.SIGHUP:
            status = end(pid)
            if status:
                sys.exit(status)
            pid = start(sockets, program)
            write(file + ".pid", str(pid))
        elif (done := os.waitpid(pid, os.WNOHANG))[0] == pid:
            sys.exit(os.waitstatus_to_exitcode(done[1]))


main()
