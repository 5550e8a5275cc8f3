import type { IncomingMessage } from 'node:http';
import { Envelope, parseJson } from '@linux-patch/contract';
import { readBounded } from '@linux-patch/http/client';
import type { AnswerBudget } from './answer-budget.ts';
import type { AnswerLimits } from './answer-limits.ts';

/**
 * Reads an answer to its end. The caller limits the time, so that one that drips ends, too.
 * @throws Error when it is larger than allowed, after reading no more than that
 */
export async function readText(
  response: IncomingMessage,
  { bytes }: AnswerLimits,
  budget: AnswerBudget,
): Promise<string> {
  const tooLarge = (): Error => {
    response.destroy();
    return new Error(`its answer is larger than ${bytes} bytes, which no honest one is`);
  };
  if (Number(response.headers['content-length'] ?? 0) > bytes) throw tooLarge();
  using reading = budget.begin((reason) => response.destroy(reason));
  const read = await readBounded(response, bytes, tooLarge, (size) => reading.add(size));
  return read.toString('utf8');
}

/** The envelope of an answer. @throws Error when it is none, or has more structure than the route can have */
export function readEnvelope(text: string, limits: AnswerLimits): Envelope {
  return Envelope.parse(parseJson(text, limits));
}

const SHOWN_CHARACTERS = 1_000;

/** What a host says, as messages repeat it. */
export function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
