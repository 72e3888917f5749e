# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that only talks: it answers on a control socket what a test tells it to."""

import json
import pathlib
import socket
import threading

STATUS = {"schema": 1, "role": "node", "state": "ready", "name": "party1", "network": "study",
          "ips": ["10.87.0.2/16"], "interface": "mpy0", "expires": 1767225600,
          "peers": {"known": 2, "connected": 1, "direct": 1, "relayed": 0},
          "lighthouses": [], "warnings": []}
DIRECT = {"kind": "direct", "at": "203.0.113.7:7717"}
RELAYED = {"kind": "relay", "at": "198.51.100.9:7717", "relay": "lh"}


def peer(name, **more):
    return {"name": name, "ip": "10.87.0.4", "ips": ["10.87.0.4"], "path": RELAYED,
            "rtt_us": 43100, "expires": 1767225600, "why": "punching", **more}


class Daemon:
    """`answers` maps a verb to a body, an error (code, text), a list of bodies as a
    stream, or a function of the arguments that returns one of these. None closes the
    connection. What was asked is in `asked`."""

    def __init__(self, place, answers=None, role="node", state=None):
        self.answers = {"status": STATUS, **(answers or {})}
        self.asked = []
        directory = pathlib.Path(state or place.state) / role
        directory.mkdir(parents=True, mode=0o700)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(directory / "control.sock"))
        self.socket.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()
        place.closing.append(self)

    def close(self):
        if self.socket.fileno() >= 0:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept()
            self.socket.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            with client, client.makefile("rwb") as file:
                for line in file:
                    if not self._answer(file, json.loads(line)):
                        return
        except OSError:
            pass                        # the client is gone

    def _answer(self, file, question):
        def send(**more):
            file.write(json.dumps({"v": 1, "id": question["id"], **more}).encode() + b"\n")
            file.flush()

        assert question["v"] == 1
        verb, args = question["verb"], question.get("args", {})
        self.asked.append((verb, args))
        answer = self.answers.get(verb, (2, "there is no verb here"))
        if callable(answer):
            answer = answer(args)
        if answer is None:
            return False
        if isinstance(answer, tuple):
            send(error={"code": answer[0], "text": answer[1]})
        elif isinstance(answer, dict):
            send(body=answer)
        else:
            *parts, last = answer
            for part in parts:
                send(body=part, more=True)
            if last is not None:        # otherwise the stream goes on
                send(body=last)
        return verb != "stop"
