/** What the helper says of updates, and of what a change would do. */
export const HELPER_UPDATES = String.raw`def newest(base, flags=0):
    found = {}
    for one in base.sack.query(flags=flags).upgrades().filter(latest_per_arch=True):
        found.setdefault((one.name, one.arch), []).append(one)
    return found


def read():
    base, repos = opened()
    plain = newest(base)
    everything = newest(base, unfiltered)
    updates = []
    for key, found in sorted(everything.items()):
        one = plain.get(key, found)[0]
        updates.append({
            "name": one.name,
            "arch": one.arch,
            "version": one.evr,
            "held": key not in plain,
            "repositories": sorted({each.reponame for each in plain.get(key, found)}),
        })
    return {"sources": [source(one) for one in repos], "updates": updates, "advisories": advisories(base)}


def advisories(base):
    found = []
    for one in base.sack.query().installed().get_advisory_pkgs(hawkey.GT):
        advisory = one.get_advisory(base.sack)
        found.append({
            "id": advisory.id,
            "name": one.name,
            "arch": one.arch,
            "version": one.evr,
            "security": advisory.type == hawkey.ADVISORY_SECURITY,
            "severity": advisory.severity or "",
            "cves": [each.id for each in advisory.references if each.type == hawkey.REFERENCE_CVE],
        })
    return found


def offered():
    base, _ = opened(best=False, clean_requirements_on_remove=False)
    base.upgrade_all()
    try:
        base.resolve()
    except dnf.exceptions.DepsolveError:
        return {"names": None}
    coming = base.transaction.install_set if base.transaction else []
    return {"names": [{"name": one.name, "arch": one.arch} for one in coming]}


MARKS = {
    "install": lambda base, spec: base.install(spec, strict=True),
    "upgrade": lambda base, spec: base.upgrade(spec),
    "remove": lambda base, spec: base.remove(spec),
}


def plan():
    settings = {"best": True, "clean_requirements_on_remove": False}
    if not ask["weak"]:
        settings["install_weak_deps"] = False
    base, _ = opened(force=ask["force"], exclude=ask["exclude"], **settings)
    try:
        for spec in ask["specs"]:
            MARKS[ask["command"]](base, spec)
        for spec in ask["remove"]:
            base.remove(spec)
        base.resolve(allow_erasing=ask["erase"] or ask["command"] == "remove")
    except (dnf.exceptions.MarkingError, dnf.exceptions.MarkingErrors, dnf.exceptions.DepsolveError) as error:
        return {"refusal": str(error), "coming": [], "going": []}
    done = base.transaction
    names = lambda found: [{"name": one.name, "arch": one.arch, "version": one.evr} for one in found]
    return {
        "refusal": None,
        "coming": names(done.install_set if done else []),
        "going": names(done.remove_set if done else []),
    }
`;
