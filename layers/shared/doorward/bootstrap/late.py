"""Start without certificates.

PyJWT imports `cryptography.x509` at its beginning, for keys in X.509 certificates, which Doorward has none of. That was
a fifth of what the authorizer imports. Whoever imports this module before PyJWT gets a place-holder for the package.
When something of the package is used, it is there as ever. Only functions that people wait for import this module, and
no library: it changes an import of the whole process (docs/decisions/0019).
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_NAME = "cryptography.x509"


class _Late(ModuleType):
    """Stands for a package, and brings it at the first question."""

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(_NAME) is self:
            del sys.modules[_NAME]
        return getattr(importlib.import_module(_NAME), name)


sys.modules.setdefault(_NAME, _Late(_NAME))
