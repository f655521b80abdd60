"""The containers' health check: every service on the given ports of this machine answers that it is ready."""

import sys
import urllib.request

for port in sys.argv[1:]:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=4).close()  # raises on 503
