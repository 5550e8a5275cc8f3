import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { attackReference } from './attacks.ts';
import { auditReference } from './audit-events.ts';
import { checkReference } from './checks.ts';
import { cliReference } from './cli.ts';
import { configurationExample, configurationReference, policyExample } from './configuration.ts';
import { cliSchemas, doctorReference, managerDoctorReference } from './doctor.ts';
import { errorReference } from './errors.ts';
import { faultReference } from './faults.ts';
import { metricsReference } from './metrics.ts';
import { agentOpenApi, managerOpenApi } from './openapi.ts';
import { roleReference } from './roles.ts';

/** Files that are made from the code, and how. */
const GENERATED: Readonly<Record<string, () => string>> = {
  'docs/reference/configuration.md': configurationReference,
  'docs/reference/agent-config.example.yaml': () => configurationExample('agent'),
  'docs/reference/agent-policy.example.yaml': policyExample,
  'docs/reference/manager-config.example.yaml': () => configurationExample('manager'),
  'docs/reference/errors.md': errorReference,
  'docs/reference/metrics.md': metricsReference,
  'docs/reference/audit-events.md': auditReference,
  'docs/reference/roles.md': roleReference,
  'docs/reference/faults.md': faultReference,
  'docs/reference/attacks.md': attackReference,
  'docs/reference/checks.md': checkReference,
  'docs/reference/cli.md': cliReference,
  'docs/reference/doctor.md': doctorReference,
  'docs/reference/manager-doctor.md': managerDoctorReference,
  'docs/reference/agent-cli-schemas.json': cliSchemas,
  'docs/reference/agent-openapi.json': agentOpenApi,
  'docs/reference/manager-openapi.json': managerOpenApi,
};

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const checkOnly = process.argv.includes('--check');
const stale = Object.entries(GENERATED)
  .map(([path, make]) => ({ path, text: make() }))
  .filter(({ path, text }) => current(path) !== text);

for (const { path, text } of stale) {
  if (checkOnly) {
    process.stdout.write(`${path} is not what the code says; run 'npm run gen' and commit it\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`wrote ${path}\n`);
  }
}
