"""Takes IPv6 from this process, as a kernel without it would: it may make no such socket any more (seccomp).

For programs that a test starts: `import no_ipv6; no_ipv6.forget()` before anything else. There is no way back.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct

_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forget() -> None:
    """From now on `socket(AF_INET6, …)` fails with EAFNOSUPPORT."""
    steps = [
        (_LOAD, 0, 0, 0),  # number of the call
        (_EQUAL, 0, 3, _SOCKET_CALL[platform.machine()]),
        (_LOAD, 0, 0, 16),  # its first argument
        (_EQUAL, 0, 1, socket.AF_INET6),
        (_RETURN, 0, 0, _ERROR | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program = _Program(len(steps), b"".join(struct.pack("HBBI", *step) for step in steps))
    kernel = ctypes.CDLL(None, use_errno=True)
    for call in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)):
        if kernel.prctl(*call):
            raise OSError(ctypes.get_errno(), "prctl")
