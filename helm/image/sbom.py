"""The image's bill of materials as SPDX 2.3 JSON: the program, what is built into it, and the Debian packages that its libraries come from."""

import collections
import datetime
import hashlib
import re
import urllib.parse

Subject = collections.namedtuple("Subject", "version revision epoch program")
HOME = "https://herdgate.dev"


def purl(part):
    """The package URL by which vulnerability databases know it."""
    quoted = lambda text: urllib.parse.quote(text, safe=".-_~")
    if part["type"] == "npm":
        return f"pkg:npm/{quoted(part['name'])}@{quoted(part['version'])}"
    query = f"?arch={part['architecture']}&distro=debian-12" if "architecture" in part else "?distro=debian-12"
    return f"pkg:deb/debian/{quoted(part['name'])}@{quoted(part['version'])}{query}"


def spdx_id(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def package(part):
    """One dependency. The licence of a Debian package is its copyright file, which is in the image and no SPDX expression."""
    entry = {
        "SPDXID": spdx_id("Package-" + part["type"], part["name"]),
        "name": part["name"],
        "versionInfo": part["version"],
        "supplier": f"Organization: {part['supplier']}" if "supplier" in part else "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": part.get("license", "NOASSERTION"),
        "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl(part)}],
    }
    if "source" in part:
        entry["sourceInfo"] = f"built from the Debian source package {part['source']} {part['source_version']}"
    if "files" in part:
        entry["comment"] = "Licence: /usr/share/doc/" + part["name"] + "/copyright"
    return entry


def file(path, out):
    content = (out / path.removeprefix("/")).read_bytes()
    return {
        "SPDXID": spdx_id("File", path.strip("/")),
        "fileName": "." + path,
        "checksums": [{"algorithm": "SHA1", "checksumValue": hashlib.sha1(content).hexdigest()},
                      {"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()}],
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def relation(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def main_package(subject):
    return {
        "SPDXID": spdx_id("Package", "herdgate"),
        "name": "herdgate",
        "versionInfo": subject.version,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
        "sourceInfo": f"commit {subject.revision}",
        "primaryPackagePurpose": "CONTAINER",
    }


def document(subject, libraries, built_in, out):
    """`libraries`: Debian packages with their files; `built_in`: what the program holds of others; `out`: where the files are."""
    packages, files = [main_package(subject)], [file(subject.program, out)]
    main_id = packages[0]["SPDXID"]
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", main_id), relation(files[0]["SPDXID"], "GENERATED_FROM", main_id)]
    for part in libraries:
        packages.append(package(part))
        relations.append(relation(main_id, "DYNAMIC_LINK", packages[-1]["SPDXID"]))
        for path in part["files"]:
            files.append(file(path, out))
            relations.append(relation(files[-1]["SPDXID"], "EXPANDED_FROM_ARCHIVE", packages[-1]["SPDXID"]))
    for part in built_in:
        packages.append(package(part))
        relations.append(relation(main_id, "STATIC_LINK", packages[-1]["SPDXID"]))
    created = datetime.datetime.fromtimestamp(subject.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha256(repr((packages, files)).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"herdgate-{subject.version}",
        "documentNamespace": f"{HOME}/spdx/herdgate-{subject.version}-{digest}",
        "creationInfo": {"created": created, "creators": ["Tool: helm/image/sbom.py"]},
        "packages": packages,
        "files": files,
        "relationships": relations,
    }
