"""A real WebDAV server (wsgidav on cheroot) as a process: `dav_server.py FOLDER PORT SCHEME LIMIT`. Prints its port, then serves until it is ended.

SCHEME basic or digest; LIMIT bytes in all, 0 for none: a PUT beyond it is answered 507, as a server with a quota does.
"""

import sys
from pathlib import Path

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

USER, SECRET = "ana", "plátano-73"


def limited(app, folder, limit):
    def judge(environ, start):
        used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if environ["REQUEST_METHOD"] == "PUT" and used + int(environ.get("CONTENT_LENGTH") or 0) > limit:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start("507 Insufficient Storage", [("Content-Length", "0")])
            return [b""]
        return app(environ, start)

    return judge


def main(folder, port, scheme, limit):
    digest = scheme == "digest"
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": folder},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": SECRET}}}},
            "http_authenticator": {"accept_basic": not digest, "accept_digest": digest, "default_to_digest": digest},
            "verbose": 1,
            "logging": {"enable": False},
        }
    )
    served = limited(app, Path(folder), int(limit)) if int(limit) else app
    server = wsgi.Server(("127.0.0.1", int(port)), served, numthreads=4)
    server.prepare()
    print(server.bind_addr[1], flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
