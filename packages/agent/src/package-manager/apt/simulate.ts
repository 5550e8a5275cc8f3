import { type AptContext, READ_TIMEOUT_MS } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { SIMULATION_OPTIONS } from './neutral-options.ts';

/** A change that `apt-get -s` would make. */
export interface SimulatedInstall {
  readonly name: string;
  /** The name as apt takes it: with `:architecture` when it is not the host's own. */
  readonly aptName: string;
  readonly architecture: string;
  /** Undefined for a package that would be new. */
  readonly currentVersion: string | undefined;
  readonly newVersion: string;
  /** `Label:Suite` of every source that has the new version. */
  readonly origins: readonly string[];
}

/** `Inst name [old] (new Origin:Suite, Other:Suite [arch]) []` as apt 2.6 and 3.0 print it. */
const INST = /^Inst (\S+) (?:\[([^\]]+)\] )?\((\S+) (.*?) ?\[([^\]]+)\]\)/;

/** Reads the `Inst` lines of a simulation. */
export function parseSimulation(text: string): SimulatedInstall[] {
  return text.split('\n').flatMap((line) => {
    const match = INST.exec(line);
    const [, aptName, currentVersion, newVersion, origins, architecture] = match ?? [];
    if (aptName === undefined || newVersion === undefined || architecture === undefined) return [];
    return [
      {
        name: aptName.split(':')[0] ?? aptName,
        aptName,
        architecture,
        currentVersion,
        newVersion,
        origins: (origins ?? '').split(/,\s*/).filter(Boolean),
      },
    ];
  });
}

/** An update that apt leaves alone: kept back, held, or not yet meant for this machine. */
export interface KeptBack {
  readonly aptName: string;
  readonly currentVersion: string;
  readonly newVersion: string;
}

/** What `apt-get -s -V` announces. */
export interface Simulation {
  readonly installs: readonly SimulatedInstall[];
  readonly keptBack: readonly KeptBack[];
}

/** `   name (old => new)`, under any heading. */
const ANNOUNCED = /^ {3}(\S+) \((\S+) => (\S+)\)$/;

/** Reads what apt lists without an `Inst` line of its own. */
export function parseKeptBack(text: string, installs: readonly SimulatedInstall[]): KeptBack[] {
  const installed = new Set(installs.map((one) => one.aptName));
  return text.split('\n').flatMap((line) => {
    const [, aptName, currentVersion, newVersion] = ANNOUNCED.exec(line) ?? [];
    if (aptName === undefined || currentVersion === undefined || newVersion === undefined) return [];
    return installed.has(aptName) ? [] : [{ aptName, currentVersion, newVersion }];
  });
}

/** Whether a source is a distribution's security archive. */
export function isSecurityOrigin(origin: string): boolean {
  const [label = '', suite = ''] = origin.split(':');
  return /-security$/i.test(label) || /(^|[-/])security$/i.test(suite);
}

/**
 * What an upgrade would change: an ordinary one, which may install new packages and removes none.
 * @param everything also held packages, updates that are phased and not yet meant for this host, and those for which
 *   other packages would have to go.
 * @throws PatchError when apt cannot say.
 */
export async function simulateUpgrade(
  context: AptContext,
  options: { readonly everything: boolean },
): Promise<Simulation> {
  const how = options.everything
    ? ['--ignore-hold', '-o', 'APT::Get::Always-Include-Phased-Updates=true', 'dist-upgrade']
    : ['--with-new-pkgs', 'upgrade'];
  const result = await context.commands.run({
    program: 'apt-get',
    args: [...SIMULATION_OPTIONS, ...how],
    timeoutMs: READ_TIMEOUT_MS,
    maxOutputBytes: 64 * 1024 * 1024,
  });
  if (result.exitCode !== 0) throw aptFailure(`apt-get -s ${how.at(-1)}`, result);
  const installs = parseSimulation(result.stdout);
  return { installs, keptBack: parseKeptBack(result.stdout, installs) };
}
