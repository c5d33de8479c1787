"""The line between an agent and its daemon, which a trial can cut, hold up and slow down."""
import random
import selectors
import socket
import threading
import time


class Line(threading.Thread):
    """A relay on a port of its own. `mode`: "pass"; "cut": what is there ends and nobody comes through; "stall": all is taken, and nothing
    is handed on, as where packets are lost; "slow": each piece waits."""

    def __init__(self, port_of_server, seed):
        super().__init__(daemon=True)
        self.port_of_server, self.rng = port_of_server, random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.mode, self.over, self.trouble = "pass", threading.Event(), None
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.other = {}  # socket -> the one at the other end
        self.late = []  # (when, socket, data): what goes out later, in order

    def run(self):
        try:
            while not self.over.is_set():
                self.turn()
        except Exception as e:
            self.trouble = repr(e)
        for s in list(self.other):
            self.hang_up(s)
        self.listener.close()
        self.selector.close()

    def turn(self):
        if self.mode == "cut":
            for s in list(self.other):
                self.hang_up(s)
        for key, _ in self.selector.select(0.005):
            if key.fileobj is self.listener:
                self.accept()
            elif key.fileobj in self.other and self.mode != "stall":
                self.carry(key.fileobj)
        while self.late and self.mode != "stall" and self.late[0][0] <= time.monotonic():
            _, s, data = self.late.pop(0)
            if s in self.other:
                self.send(s, data)
        if self.mode == "stall":
            time.sleep(0.005)

    def accept(self):
        if self.mode == "stall":
            return
        near, _ = self.listener.accept()
        try:
            if self.mode == "cut":
                raise OSError("cut")
            far = socket.create_connection(("127.0.0.1", self.port_of_server()), timeout=5)
        except OSError:
            near.close()
            return
        for s, t in ((near, far), (far, near)):
            s.settimeout(5)
            self.other[s] = t
            self.selector.register(s, selectors.EVENT_READ)

    def carry(self, s):
        try:
            data = s.recv(65536)
        except OSError:
            data = b""
        if self.mode == "slow" or self.late:
            after = self.rng.random() * 0.05 if self.mode == "slow" else 0
            self.late.append((max(time.monotonic() + after, self.late[-1][0] if self.late else 0), self.other[s], data))
            if not data:
                self.selector.unregister(s)
        else:
            self.send(self.other[s], data)

    def send(self, s, data):
        """No data: the one who sent it has hung up, and so do we."""
        try:
            if data:
                s.sendall(data)
                return
        except OSError:
            pass
        self.hang_up(s)

    def hang_up(self, s):
        for end in (s, self.other.get(s)):
            if end in self.other:
                del self.other[end]
                try:
                    self.selector.unregister(end)
                except KeyError:
                    pass
                end.close()

    def end(self):
        self.over.set()
        self.join(10)
