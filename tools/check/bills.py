"""Bills of materials of what is shipped, in the format CycloneDX (https://cyclonedx.org/specification/overview/)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from tools.check.licences import statements
from tools.check.packages import Pin, Shipment, needs

FOLDER = Path(".local") / "sbom"


def write(shipment: Shipment, installed: Mapping[str, Distribution], folder: Path) -> Path:
    """Write the bill of a shipment into a folder, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{shipment.name}.json"
    file.write_text(bill(shipment, installed) + "\n")
    return file


def bill(shipment: Shipment, installed: Mapping[str, Distribution]) -> str:
    """Return the bill of a shipment, as JSON.

    A package has several files, for several machines. Its hashes are those of all files that may be installed for it.

    Args:
        shipment: what is shipped.
        installed: distributions by name, whose metadata tell licences and needs.
    """
    bom = Bom()
    whole = Component(name=shipment.name, version=shipment.version, type=ComponentType.LIBRARY, bom_ref=shipment.name)
    bom.metadata.component = whole
    parts = {pin.name: _component(pin, installed.get(pin.name)) for pin in shipment.pins}
    bom.components.update(parts.values())
    bom.register_dependency(whole, parts.values())
    for name, part in parts.items():
        needed = {canonicalize_name(one.name) for one in needs(installed[name])} if name in installed else set()
        bom.register_dependency(part, [parts[one] for one in needed & set(parts)])
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(pin: Pin, distribution: Distribution | None) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    stated = statements(distribution, pin.name) if distribution else []
    # One package may have one expression alone, so that several statements are joined to one.
    joined = " AND ".join(f"({one})" if " " in one and len(stated) > 1 else one for one in stated)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in pin.hashes],
        licenses=[LicenseFactory().make_from_string(joined)] if joined else [],
    )
