/** What the helper says of single packages, and how it refreshes what the repositories offer. */
export const HELPER_PACKAGES = String.raw`def split(base, name):
    """What a name stands for, with or without an architecture behind a dot."""
    query = base.sack.query(flags=unfiltered)
    plain, _, arch = name.rpartition(".")
    own = query.filter(name=name)
    return own if own or not plain else query.filter(name=plain, arch=arch)


def versions():
    base, _ = opened()
    found = {}
    for name in ask["names"]:
        packages = sorted(split(base, name), reverse=True)
        if packages:
            found[name] = list(dict.fromkeys(one.evr for one in packages))
    return {"versions": found}


def providers():
    base, _ = opened()
    return {"names": sorted({one.name for one in base.sack.query().filter(provides=ask["name"])})}


def files():
    base, repos = opened()
    query = base.sack.query(flags=unfiltered).available()
    found = []
    for one in ask["wanted"]:
        same = query.filter(name=one["name"], arch=one["arch"], evr=one["version"])
        found.append([
            {"repository": each.reponame, "download": each.downloadsize, "installed": each.installsize}
            for each in same
        ])
    return {"found": found, "sources": [source(one) for one in repos]}


def detail():
    base, _ = opened()
    query = split(base, ask["name"])
    available = sorted(query.available(), reverse=True)
    installed = sorted(query.installed(), reverse=True)
    if not available and not installed:
        return {"package": None}
    one = (installed or available)[0]
    needing = base.sack.query().installed().filter(requires=[one])
    return {"package": {
        "name": one.name,
        "arch": one.arch,
        "version": one.evr,
        "summary": one.summary or "",
        "size": one.installsize,
        "license": one.license or "",
        "homepage": one.url or "",
        "packager": one.packager or "",
        "requires": [str(each) for each in one.requires],
        "needed_by": sorted({each.name for each in needing}),
        "files": list(one.files) if installed else [],
        "installed_at": one.installtime if installed else None,
        "available": available[0].evr if available else None,
    }}


def tell(text):
    try:
        os.write(3, (text + "\n").encode())
    except OSError:
        pass


def refresh():
    """Asks every repository, whatever becomes of the others; a line for each is the answer."""
    base = configure()
    repos = list(base.repos.iter_enabled())
    with dnf.lock.build_metadata_lock(base.conf.cachedir, base.conf.exit_on_lock):
        for index, repo in enumerate(repos):
            tell("%d/%d %s" % (index, len(repos), repo.id))
            answer.write("%s: %s\n" % (repo.id, refreshed(repo)))
            answer.flush()
    answer.write("%d repositories asked\n" % len(repos))


def refreshed(repo):
    repo._key_import = Refuse(repo.id)
    try:
        repo._repo.expire()
        repo.load()
    except dnf.exceptions.RepoError as error:
        key = Refuse.fingerprints.get(repo.id)
        said = " ".join(str(error).split())
        return "failed at %s: %s%s" % (address(repo) or "no address", said, " [key %s]" % key if key else "")
    return "refreshed%s" % (" with advisories" if repo.get_metadata_path("updateinfo") else "")


ANSWERS = {
    "read": read, "offered": offered, "plan": plan, "versions": versions, "providers": providers,
    "files": files, "detail": detail, "refresh": refresh,
}
try:
    result = ANSWERS[ask["op"]]()
except dnf.exceptions.Error as error:
    result = {"error": str(error)}
if result is not None:
    json.dump(result, answer)
answer.flush()
`;
