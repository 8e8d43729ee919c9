"""redis-py: the synchronous and the asyncio client. Argument: the protocol, 2 or 3.

Runs on the newest release and on Debian's 4.3.4, which speaks RESP2 only.
"""

import redis_py_modes  # noqa: F401 (registers its checks)
import redis_py_values  # noqa: F401
from checks import OTHER_DB, main
from redis_py_client import client, r

main(before=lambda: (r.flushdb(), client(OTHER_DB).flushdb()))
