"""What tests need: a Doorward in memory, on moto and over HTTP, callers, forgeries and fronts."""

from pkgutil import iter_modules

import pytest

# Assertions here tell as much as those of a test.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
