import { type DoctorFinding, type ManagerDoctorReport, VERSION } from '@linux-patch/contract';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { describeFound, type KnownWords, renderFinding } from '@linux-patch/runtime/findings';
import type { Command } from 'commander';
import { managerPaths } from '../config/paths.ts';
import { ManagerConfigSchema } from '../config/schema.ts';
import { createApiClient } from './api-client.ts';
import type { CliDoors } from './command-context.ts';
import type { CommandLine, GlobalOptions } from './command-line.ts';
import { EXAMINED } from './exit-codes.ts';
import { localConnection } from './local-connection.ts';

function knownWords({ root, config }: GlobalOptions, configFile: string): KnownWords {
  const manager = [
    'linux-patch-manager',
    ...(root === '/' ? [] : ['--root', root]),
    ...(config === undefined ? [] : ['--config', config]),
  ].join(' ');
  const service = (verb: string): string =>
    root === '/' ? `systemctl ${verb} linux-patch-manager` : `${manager} serve`;
  return {
    commands: { manager, restart: service('restart'), start: service('start') },
    words: { config: configFile },
  };
}

function render(findings: readonly DoctorFinding[]): string {
  const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}.`;
  return [
    ...findings.flatMap((one) => renderFinding(one)),
    findings.length === 0 ? 'Nothing is wrong.' : count,
    '',
  ].join('\n');
}

function exitCodeOf(findings: readonly DoctorFinding[]): number {
  if (findings.some((one) => one.severity === 'error')) return EXAMINED.needsPerson;
  return findings.some((one) => one.severity === 'warning') ? EXAMINED.weak : EXAMINED.well;
}

/** `doctor`: works also where the configuration does not. */
async function runDoctor(doors: CliDoors, options: GlobalOptions): Promise<number> {
  const { files, clock, startedFor } = doors;
  const { root, config: given } = options;
  const paths = managerPaths(root);
  const configFile = given ?? paths.configFile;
  const required = given !== undefined;
  const { examineManager } = await import('../doctor/examine.ts');
  const found = await examineManager({
    ...doors,
    root,
    paths,
    configFile,
    loadConfig: async () =>
      (await readConfiguration({ files, path: configFile, schema: ManagerConfigSchema, required })).value,
    api: createApiClient(localConnection({ files, paths, startedFor })),
  });
  const { MANAGER_CHECKS } = await import('../doctor/table.ts');
  const known = knownWords(options, configFile);
  const findings = found.map((one) => describeFound(MANAGER_CHECKS, one, known));
  const report: ManagerDoctorReport = {
    v: 1,
    version: VERSION,
    checked_at: new Date(clock.now()).toISOString(),
    config_file: configFile,
    findings,
  };
  doors.stdout(options.json ? `${JSON.stringify(report, null, 2)}\n` : render(findings));
  return exitCodeOf(findings);
}

/** Adds `doctor` to the command line. */
export function addDoctorCommand({ program, add, runBare }: CommandLine): void {
  add(
    program,
    'doctor',
    'look for what is wrong with the manager and say what mends it; exit code 0 nothing or notices, 3 warnings, 4 errors, 1 the doctor itself failed',
  ).action((_options: object, command: Command) => runBare(command, runDoctor));
}
