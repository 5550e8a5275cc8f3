import { expect, it } from 'vitest';
import { saidText } from './said-text.ts';

it.each([
  ['Debian GNU/Linux 13 (trixie)', 'Debian GNU/Linux 13 (trixie)'],
  ['Größe 東京 שלום', 'Größe 東京 שלום'],
  ['web\u202egpj.exe', 'web\\u202egpj.exe'],
  ['we\u200bb1', 'we\\u200bb1'],
  ['a\u0000b\nc\u007f', 'a\\u0000b\\u000ac\\u007f'],
  ['\u{e0041}tag', '\\udb40\\udc41tag'],
  ['\ud800alone', '\\ud800alone'],
  ['e\u0301e', 'e\u0301e'],
  [`z${'\u0351'.repeat(50)}!`, `z${'\u0351'.repeat(4)}…!`],
])('shows %j as %j', (text, shown) => {
  expect(saidText(text)).toBe(shown);
});
