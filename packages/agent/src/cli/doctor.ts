import { resolve } from 'node:path';
import { type DoctorFinding, type DoctorReport, messageOf, VERSION } from '@linux-patch/contract';
import { ownUid } from '@linux-patch/runtime';
import { type KnownWords, renderFinding } from '@linux-patch/runtime/findings';
import type { AgentDoors } from '../app/agent-context.ts';
import { loadAgentConfig } from '../config/load.ts';
import { agentPaths } from '../config/paths.ts';
import { hasFailed } from '../doctor/checks/service.ts';
import { type Examination, examine } from '../doctor/examine.ts';
import { describeFinding, type Finding } from '../doctor/finding.ts';
import { ownerWords } from '../host/real-file.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';

/** What the doctor was asked for. */
export interface DoctorWish {
  readonly config: string | undefined;
  readonly root: string;
  readonly json: boolean;
  readonly fix: boolean;
  readonly offline: boolean;
}

/** A repair can uncover what was hidden behind what it mended, so it is looked again; more rounds would mend nothing. */
const REPAIR_ROUNDS = 3;

async function examinationOf(wish: DoctorWish, doors: AgentDoors): Promise<Examination> {
  const { files, network, clock, program } = doors;
  const { environment, commands, stopped } = program;
  const root = resolve(wish.root);
  const standard = agentPaths(root);
  const configFile = wish.config ?? standard.configFile;
  return {
    at: {
      root,
      files,
      network,
      commands,
      clock,
      signal: stopped,
      paths: { ...standard, configFile },
      uid: await ownUid(files),
    },
    environment,
    online: !wish.offline,
    loadConfig: () => loadAgentConfig({ files, path: configFile, root, environment }),
  };
}

/** Words that every command may use. */
async function knownWords({ at, loadConfig }: Examination, wish: DoctorWish): Promise<KnownWords> {
  const { root, files, paths } = at;
  const { configFile } = paths;
  const config = await loadConfig().catch(() => undefined);
  const manager = config?.enrollment.manager_url;
  const agent = [
    'linux-patch-api',
    ...(root === '/' ? [] : ['--root', root]),
    ...(wish.config === undefined ? [] : ['--config', configFile]),
  ].join(' ');
  const openrc = (await files.facts('/run/openrc/softlevel')) !== undefined;
  // systemd refuses to start what has failed too often, until it is told to forget that.
  const failed = root === '/' && !openrc && (await hasFailed(at));
  const forget = failed ? 'systemctl reset-failed linux-patch-api && ' : '';
  const service = (verb: string): string => {
    if (root !== '/') return agent;
    return openrc ? `rc-service linux-patch-api ${verb}` : `${forget}systemctl ${verb} linux-patch-api`;
  };
  return {
    commands: {
      agent,
      restart: service('restart'),
      start: service('start'),
      renew: manager === undefined ? `${agent} --enroll https://MANAGER:8443` : `${agent} --renew-certs`,
    },
    words: {
      config: configFile,
      owner: ownerWords(at.uid),
      allowlist: config?.whitelist.path ?? paths.allowListFile,
      manager: manager ?? 'https://MANAGER:8443',
    },
  };
}

interface Repairs {
  readonly repaired: DoctorFinding[];
  readonly failures: { code: string; reason: string }[];
}

/** Mends what can be mended, until nothing more can be. Returns what is left. */
async function repairAll(
  examination: Examination,
  describe: (finding: Finding) => DoctorFinding,
  repairs: Repairs,
): Promise<Finding[]> {
  let findings = await examine(examination);
  for (let round = 0; round < REPAIR_ROUNDS; round += 1) {
    const mendable = findings.filter((finding) => finding.repair !== undefined);
    if (mendable.length === 0) return findings;
    repairs.failures.length = 0;
    for (const finding of mendable) {
      try {
        await finding.repair?.();
        repairs.repaired.push(describe(finding));
      } catch (error) {
        repairs.failures.push({ code: finding.code, reason: messageOf(error) });
      }
    }
    findings = await examine(examination);
  }
  return findings;
}

function exitCodeOf(findings: readonly DoctorFinding[]): number {
  if (findings.some((one) => one.severity === 'error')) return EXAMINED_EXIT.needsPerson;
  return findings.some((one) => one.severity === 'warning') ? EXAMINED_EXIT.underWay : EXAMINED_EXIT.well;
}

function render(report: DoctorReport): string {
  const { findings, repaired, repair_failures: failures } = report;
  const seen = repaired.filter((one) => !findings.some((left) => left.code === one.code));
  return [
    ...findings.flatMap((one) => renderFinding(one, 'doctor --fix')),
    ...seen.map((one) => `repaired  ${one.code}: ${one.detail}`),
    ...failures.map((one) => `not repaired  ${one.code}: ${one.reason}`),
    findings.length === 0
      ? `Nothing is wrong${report.offline ? ' on this host (the network was not asked)' : ''}.`
      : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}.`,
    '',
  ].join('\n');
}

/** `doctor`: looks at the host, mends what it may, and says the rest. Returns the exit code. */
export async function runDoctor(wish: DoctorWish, doors: AgentDoors): Promise<number> {
  const examination = await examinationOf(wish, doors);
  const known = await knownWords(examination, wish);
  const describe = (finding: Finding): DoctorFinding => describeFinding(finding, known);
  const repairs: Repairs = { repaired: [], failures: [] };
  const left = wish.fix ? await repairAll(examination, describe, repairs) : await examine(examination);
  const findings = left.map(describe);
  const report: DoctorReport = {
    v: 1,
    version: VERSION,
    checked_at: new Date(doors.clock.now()).toISOString(),
    config_file: examination.at.paths.configFile,
    offline: wish.offline,
    findings,
    repaired: repairs.repaired,
    repair_failures: repairs.failures,
  };
  doors.program.stdout(wish.json ? `${JSON.stringify(report, null, 2)}\n` : render(report));
  return exitCodeOf(findings);
}
