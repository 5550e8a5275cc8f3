/** What to do about a failure, by its code, in sentences for somebody who is not at the host. */
const ADVICE: Readonly<Record<string, string>> = {
  PLAN_CHANGED:
    'Nothing was changed: the host would do something else by now than what was approved. Look at the plan of now and approve that.',
  POLICY_DENIED:
    'Nothing was changed. Whoever is root on the host decides about its policy; choose something that it allows, or come back when it does.',
  DEPENDENCY_CONFLICT:
    'Make the plan again with "Allow updates to remove other packages" ticked to see which those are, or choose single updates without this one.',
  DISK_FULL: 'Make room on the host, then make the plan again.',
  LOCKED: 'Another program works with the packages of the host. Wait for its end, then make the plan again.',
  NETWORK_ERROR:
    'The host could not reach a package source. See whether the source is up and the host reaches it, then make the plan again.',
  CACHE_REFRESH_ERROR:
    'The host could not refresh its package lists. See whether its package sources answer, then make the plan again.',
  GPG_ERROR:
    'A package source is not signed by a key that the host trusts. Do not go around that: mend the source or its key on the host.',
  VERSION_NOT_AVAILABLE: 'What was planned is not offered any more. Make the plan again.',
  PKG_NOT_FOUND: 'The package is not there any more. Make the plan again.',
  SCRIPT_FAILED:
    'A script of a package failed; its words are in the output. On the host, linux-patch-api doctor says what is half installed and how to mend it.',
  PKG_MANAGER_ERROR:
    'The package manager failed; its words are in the output. On the host, linux-patch-api doctor says what is wrong and how to mend it.',
  TIMEOUT:
    'It took longer than the host allows (jobs.timeout_minutes). On the host, linux-patch-api doctor says what is half installed.',
  INTERRUPTED:
    'The agent was stopped in the middle of it. On the host, linux-patch-api doctor says what is half installed; then make the plan again.',
  CANCELLED: 'Somebody cancelled it. What was done before that stays done; a new plan shows what is left.',
  PERMISSION_DENIED: 'The agent may not do this on the host; linux-patch-api doctor on it says why.',
  SIGNATURE_INVALID:
    'The host takes changes from another job key. As root there: linux-patch-api trust-job-key, with the fingerprint that "linux-patch-manager job-key show" says.',
  SIGNATURE_REQUIRED:
    "The host takes only signed changes. As root on the manager's machine: linux-patch-manager job-key show.",
  AGENT_UNREACHABLE:
    'Nobody can say whether it began. See among the jobs of the host; to press the button again is safe, for the host does it once.',
  UNREACHABLE:
    'What you chose is still here. To press the button again is safe: when the first try did get through, the host does it once.',
  SERVICE_RESTART_ERROR:
    'It does not run as it should. On the host, systemctl status and journalctl -u with its name say more; the packages are as they were.',
  QUEUE_FULL: 'Wait until the host is through with its jobs, then try again.',
};

/** What to do about a failure; undefined where its own words have to do. */
export function adviceFor(code: string | null): string | undefined {
  return code !== null && Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
}
