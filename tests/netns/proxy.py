#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy that knows CONNECT and nothing else.

    proxy.py ADDRESS PORT [USER:PASSWORD]

Prints "ready" and then one line for each request: its status and its target.
"""

import base64
import select
import socket
import sys
import threading


def head(client):
    """The first line and the fields of a request, and nothing after them."""
    data = b""
    while not data.endswith(b"\r\n\r\n") and len(data) < 8192:
        byte = client.recv(1)
        if not byte:
            break
        data += byte
    lines = data.decode("latin-1").split("\r\n")
    return lines[0].split(), dict(line.split(": ", 1) for line in lines[1:] if ": " in line)


def carry(one, other):
    """Both ways, until one of them has no more to say."""
    peers = {one: other, other: one}
    while True:
        for ready in select.select(list(peers), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            peers[ready].sendall(data)


def serve(client, secret):
    request, fields = head(client)
    wanted = "Basic " + base64.b64encode(secret.encode()).decode() if secret else None
    status, server = "400 Bad Request", None
    if wanted and fields.get("Proxy-Authorization") != wanted:
        status = "407 Proxy Authentication Required"
    elif len(request) == 3 and request[0] == "CONNECT":
        host, port = request[1].rsplit(":", 1)
        try:
            server = socket.create_connection((host.strip("[]"), int(port)), 5)
            status = "200 Connection established"
        except OSError:
            status = "502 Bad Gateway"
    print(status[:3], request[1] if len(request) > 1 else "-", flush=True)
    client.sendall(("HTTP/1.1 %s\r\nVia: test\r\n\r\n" % status).encode())
    if server:
        carry(client, server)
        server.close()
    client.close()


def main():
    secret = sys.argv[3] if len(sys.argv) > 3 else None
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, secret), daemon=True).start()


if __name__ == "__main__":
    main()
