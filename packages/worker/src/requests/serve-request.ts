import { VERSION } from '@linux-patch/contract';
import type { Clock, Files, Logger, RequestChannel } from '@linux-patch/runtime';
import type { z } from 'zod';
import type { PackageManager } from '../packages/package-manager.ts';
import { answerText, failureText } from './answer.ts';
import type { DetailAnswer, HelloAnswer } from './package-listing.ts';
import { readListing } from './read-listing.ts';
import { parseRequest, REQUEST_LIMITS, type WorkerRequest } from './request.ts';

/** Who does not take the answer within this time gets none: the process has nothing else to live for. */
const ANSWER_LIMITS = { timeoutMs: 60_000 };

export interface ServeRequestOptions {
  readonly channel: RequestChannel;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when there is a request that needs it. */
  readonly openPackages: () => Promise<PackageManager>;
}

/** Reads one request, answers it, and is done. Never rejects. */
export async function serveRequest(options: ServeRequestOptions): Promise<void> {
  const { channel, logger } = options;
  let text: string;
  try {
    const request = parseRequest(await channel.receive(REQUEST_LIMITS));
    text = answerText(await answerTo(request, options));
  } catch (error) {
    logger.warn('a request was not answered as it was asked', { error });
    text = failureText(error);
  }
  await channel.answer(text, ANSWER_LIMITS);
}

async function answerTo(request: WorkerRequest, options: ServeRequestOptions): Promise<unknown> {
  if (request.op === 'hello') return { version: VERSION } satisfies z.output<typeof HelloAnswer>;
  const packages = await options.openPackages();
  switch (request.op) {
    case 'snapshot':
      return readListing(packages, options, request);
    case 'detail': {
      const found = await packages.inventory.findPackage(request.name, request.listed);
      return (found ?? null) satisfies z.output<typeof DetailAnswer>;
    }
  }
}
