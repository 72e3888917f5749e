#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TCP connection with a question every 20 ms, which is answered at once.

    beat.py answer ADDRESS          on port 4000
    beat.py ask ADDRESS             prints the monotonic time of every answer

Each question waits for the answer before, as the rounds of a computation do. Both
end when the connection does.
"""

import socket
import sys
import time

PORT = 4000
EVERY = 0.02
SIZE = 64


def answer(address):
    with socket.create_server((address, PORT)) as server:
        s, _ = server.accept()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while question := s.recv(SIZE, socket.MSG_WAITALL):
        s.sendall(question)


def ask(address):
    s = socket.create_connection((address, PORT), timeout=120)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = 0
    while True:
        number += 1
        s.sendall(number.to_bytes(SIZE, "big"))
        got = s.recv(SIZE, socket.MSG_WAITALL)
        if int.from_bytes(got, "big") != number:
            sys.exit("answer %d is %r" % (number, got))
        print("%.6f" % time.monotonic(), flush=True)
        time.sleep(EVERY)


{"answer": answer, "ask": ask}[sys.argv[1]](sys.argv[2])
