import { FAULT_CHAPTERS } from '../../packages/lab/src/faults/chapters.ts';
import type { FaultCase, FaultChapter } from '../../packages/lab/src/faults/fault-case.ts';
import type { Sight } from '../../packages/lab/src/faults/sight.ts';

function sightOf({ where, text }: Sight): string {
  const quoted = `\`${text.replaceAll('|', '\\|')}\``;
  switch (where) {
    case 'status':
      return `\`linux-patch-api status\`: ${quoted}`;
    case 'log':
      return `log: ${quoted}`;
    case 'exit code':
      return `exit code ${text}`;
  }
}

function rowOf(one: FaultCase): string {
  const person = one.person ?? 'nobody is needed';
  return `| ${one.fault} | ${one.agentDoes} | ${one.sees.map(sightOf).join('<br>')} | ${person} |`;
}

function chapterOf({ title, cases }: FaultChapter): string {
  const head = ['| Fault | The agent | The administrator sees | A person |', '|---|---|---|---|'];
  return [`## ${title}`, '', ...head, ...cases.map(rowOf), ''].join('\n');
}

/** Every fault that the agent is shown to come back from. */
export function faultReference(): string {
  return [
    '# Faults',
    '',
    'Generated from the fault suite; `npm run gen` writes it anew. `npm run test:faults` brings each fault about with a real',
    'manager and a real agent, looks for what the administrator is promised to see, takes the fault away, and prints the time',
    'until the agent answers its manager over mTLS. `npm run test:faults -- WORD` runs those with the word in their name.',
    '',
    ...FAULT_CHAPTERS.map(chapterOf),
  ].join('\n');
}
