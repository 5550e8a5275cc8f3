function options(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/**
 * Arguments that go first in every run of a program of apt, so that settings of the host's apt.conf that change how a run goes
 * (what it asks, prints, skips, removes along the way or only pretends) change nothing; options after them count more
 * (apt-get(8), apt-mark(8), apt.conf(5)). What the host's administrator decided about packages stays in force: pins,
 * holds, a default release, recommended packages, phasing, hooks.
 *
 * `quiet` has its own value because `-q` adds to the one of apt.conf, and 2 means "yes to everything".
 */
const NEUTRAL_OPTIONS: readonly string[] = options({
  quiet: '1',
  'APT::Color': '0',
  'APT::Output-Version': '0',
  'APT::Solver': 'internal',
  'APT::Planner': 'internal',
  'APT::Ignore-Hold': 'false',
  'APT::Get::Simulate': 'false',
  'APT::Get::Assume-Yes': 'false',
  'APT::Get::Assume-No': 'false',
  'APT::Get::Force-Yes': 'false',
  'APT::Get::Trivial-Only': 'false',
  'APT::Get::AllowUnauthenticated': 'false',
  'APT::Get::allow-downgrades': 'false',
  'APT::Get::allow-change-held-packages': 'false',
  'APT::Get::allow-remove-essential': 'false',
  'APT::Get::Remove': 'true',
  'APT::Get::Purge': 'false',
  'APT::Get::AutomaticRemove': 'false',
  'APT::Get::AutomaticRemove::Kernels': 'false',
  'APT::Get::HideAutoRemove': 'true',
  'APT::Get::Download': 'true',
  'APT::Get::Download-Only': 'false',
  'APT::Get::Print-URIs': 'false',
  'APT::Get::Fix-Broken': 'false',
  'APT::Get::Fix-Missing': 'false',
  'APT::Get::Fix-Policy-Broken': 'false',
  'APT::Get::ReInstall': 'false',
  'APT::Get::Upgrade': 'true',
  'APT::Get::Only-Upgrade': 'false',
  'APT::Get::Upgrade-Allow-New': 'true',
  'APT::Get::Mark-Auto': 'false',
  'APT::Get::AutoSolving': 'true',
  'APT::Get::CallResolver': 'true',
  'APT::Get::Phase-Policy': 'false',
  'APT::Get::Show-Versions': 'true',
  'APT::Get::Show-Upgraded': 'true',
  'APT::Get::Show-User-Simulation-Note': 'false',
  'APT::Mark::Simulate': 'false',
  'APT::MarkAuto::Verbose': 'false',
  'Debug::AptMark::Minimize': 'false',
  'Debug::NoLocking': 'false',
  // Prints what dpkg would have to do instead of running it.
  'Debug::pkgDPkgPM': 'false',
});

/** A program of apt, and what it is asked to do. */
interface AptTool {
  readonly program: 'apt-get' | 'apt-cache' | 'apt-mark' | 'apt-config';
  readonly args: readonly string[];
}

/** The only way in which a program of apt is started: with neutral options before its own. */
export function aptTool(program: AptTool['program'], args: readonly string[]): AptTool {
  return { program, args: [...NEUTRAL_OPTIONS, ...args] };
}

/** Arguments of `apt-get` that ask what it would do. It needs no lock, and nothing is refused that a person may allow. */
export const SIMULATION_OPTIONS: readonly string[] = [
  ...options({
    'Debug::NoLocking': 'true',
    'APT::Get::allow-downgrades': 'true',
    'APT::Get::allow-change-held-packages': 'true',
  }),
  '-s',
];
