import type { AttackCase, AttackChapter } from '../../packages/lab/src/attacks/attack-case.ts';
import { ATTACK_CHAPTERS } from '../../packages/lab/src/attacks/chapters.ts';

function rowOf({ name, tried, now }: AttackCase): string {
  return `| \`${name}\` | ${tried} | ${now} |`;
}

function chapterOf({ title, cases }: AttackChapter): string[] {
  if (cases.length === 0) return [];
  return [
    `## ${title}`,
    '',
    '| Case | What is tried | What happens |',
    '|---|---|---|',
    ...cases.map(rowOf),
    '',
  ];
}

/** Every attack that is tried against the real programs. */
export function attackReference(): string {
  return [
    '# Attacks',
    '',
    'Generated from the attack suite; `npm run gen` writes it anew. `npm run test:attacks` tries each against a real manager and',
    'real agents with a bounded load, and prints what it measured. `npm run test:attacks -- WORD` tries those with the word in their name.',
    '',
    ...ATTACK_CHAPTERS.flatMap(chapterOf),
  ].join('\n');
}
