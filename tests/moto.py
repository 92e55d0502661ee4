"""moto, an S3 server, on a server of HTTP/1.1 that keeps connections alive and does one request after the other."""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress import create_server

moto = DomainDispatcherApplication(create_backend_app)


def app(environ, start_response):
    # moto reads keys from the address as it was written.
    environ["RAW_URI"] = environ["REQUEST_URI"]
    return moto(environ, start_response)


server = create_server(app, host="127.0.0.1", port=0, threads=1)
print(f" * Running on http://127.0.0.1:{server.effective_port}", file=sys.stderr, flush=True)
server.run()
