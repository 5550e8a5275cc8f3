import { AGENT_AUDIT_EVENTS, type AuditEventTraits, MANAGER_AUDIT_EVENTS } from '@linux-patch/contract';

function table(events: Readonly<Record<string, AuditEventTraits>>): string {
  const rows = Object.entries(events).map(([name, { meaning, fields }]) => {
    const members = fields.length === 0 ? '–' : fields.map((field) => `\`${field}\``).join(', ');
    return `| \`${name}\` | ${meaning} | ${members} |`;
  });
  return ['| Event | Meaning | Details |', '|---|---|---|', ...rows].join('\n');
}

/** Every event of both audit logs. */
export function auditReference(): string {
  return [
    '# Audit events',
    '',
    'Generated from the table of events; `npm run gen` writes it anew. No record holds a token, a host code, a private key or a password.',
    '',
    '## Agent',
    '',
    'JSON lines in `logging.file_path`: `timestamp`, `seq`, `event`, `details`, and `prev`, the SHA-256 of the line before, so that a line changed or taken out shows. Rotated daily.',
    '',
    table(AGENT_AUDIT_EVENTS),
    '',
    '## Manager',
    '',
    'Rows of the table `audit` of its database: `at`, `actor` (`local (says: NAME)` for the command line, `api-token:NAME`, `admin` for the admin token, an agent by its key id, `manager`), `event`, `fields`, and the hash of the row before. Rows cannot be changed or removed; what a',
    'row tells about is written in the same transaction.',
    '',
    table(MANAGER_AUDIT_EVENTS),
    '',
  ].join('\n');
}
