/** What every answer of the helper begins with: one reading of the configuration, and no word of a plugin in the answer. */
export const HELPER_BASE = String.raw`import json, os, sys

answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import dnf
import dnf.callback
import dnf.exceptions
import dnf.lock
import dnf.repo
import dnf.rpm
import hawkey

ask = json.loads(sys.argv[1]) if len(sys.argv) > 1 else json.load(sys.stdin)
root = ask["root"]
unfiltered = hawkey.IGNORE_REGULAR_EXCLUDES


class Refuse(dnf.callback.KeyImport):
    """Accepts no key, and remembers which one a repository asked for."""

    fingerprints = {}

    def __init__(self, repo_id):
        super().__init__()
        self.repo_id = repo_id

    def _confirm(self, id, userid, fingerprint, url, timestamp):
        self.fingerprints[self.repo_id] = fingerprint
        return False


def configure(force=False, exclude=(), **settings):
    base = dnf.Base()
    conf = base.conf
    if root != "/":
        conf.installroot = root
        conf.config_file_path = os.path.join(root, "etc/dnf/dnf.conf")
    conf.read()
    if root == "/":
        conf.substitutions.update_from_etc("/", varsdir=conf._get_value("varsdir"))
    else:
        conf.reposdir = [os.path.join(root, "etc/yum.repos.d")]
        conf.cachedir = os.path.join(root, "var/cache/dnf")
        conf.pluginconfpath = [os.path.join(root, "etc/dnf/plugins")]
        conf.substitutions.update_from_etc(root)
    # A question writes no log of its own; the folder of the host's may be closed to it.
    conf.logdir = conf.cachedir
    for name, value in settings.items():
        setattr(conf, name, value)
    if exclude:
        conf.excludepkgs = list(conf.excludepkgs) + list(exclude)
    if force:
        conf.disable_excludes = ["all"]
    base.init_plugins(disabled_glob=["versionlock"] if force else [])
    base.pre_configure_plugins()
    base.read_all_repos()
    base.configure_plugins()
    return base


def is_present(repo):
    try:
        repo.load()
        return True
    except dnf.exceptions.RepoError:
        return False


def opened(**settings):
    """A base over what is on this host already; asks no network."""
    base = configure(**settings)
    repos = list(base.repos.iter_enabled())
    for repo in repos:
        repo._repo.setSyncStrategy(dnf.repo.SYNC_ONLY_CACHE)
        if not is_present(repo):
            repo.disable()
    base.fill_sack()
    return base, repos


def address(repo):
    return (list(repo.baseurl) or [repo.metalink or repo.mirrorlist or ""])[0]


def source(repo):
    present = repo.enabled
    return {
        "id": repo.id,
        "name": repo.name,
        "url": address(repo),
        "present": present,
        "published": repo._repo.getMaxTimestamp() if present else None,
        "fetched": repo._repo.getTimestamp() if present else None,
        "advisories": bool(present and repo.get_metadata_path("updateinfo")),
    }


`;
