import { isPatchError, MANAGER_ADMIN_ROUTES, PatchError, unexpectedFault } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { FleetClient } from '../fleet-client/client.ts';
import { watchJob } from '../fleet-client/watch-job.ts';
import type { Actor } from '../http/actor.ts';
import type { Routes } from '../http/routes.ts';
import { addressOf, type HostStore } from './store.ts';

interface JobEventSources {
  readonly hosts: HostStore;
  readonly fleet: FleetClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Server-sent events: `progress` frames, then one `end` or `failed`. */
export function serveJobEvents(routes: Routes, sources: JobEventSources): void {
  const { hosts, fleet, clock, logger } = sources;
  routes.serveBare(MANAGER_ADMIN_ROUTES.hostJobEvents, async (input) => {
    const { parameter, query, request, requestId, actor, reach } = input;
    const agent = addressOf(await hosts.get(parameter('id')));
    /** Who may see a host may lose it while its job runs. */
    const requireSeen = async (): Promise<void> => {
      if (!(await hosts.isWithin(reach, agent.hostId)))
        throw new PatchError('HOST_NOT_FOUND', 'This host is not among those any more that you may see.');
    };
    const signal = AbortSignal.any([request.signal, ...(actor.cut ? [actor.cut] : [])]);
    const watched = { jobId: parameter('job'), fromSeq: query.from_seq, signal };
    const events = watchJob({ client: fleet, clock, agent, ...watched });
    const onFault = (error: unknown): string => {
      logger.error('watching a job failed', { request_id: requestId, error });
      return unexpectedFault(requestId);
    };
    return answerWith(frames(events, { ...actor, requireSeen }, onFault), {
      headers: {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-cache',
        Connection: 'keep-alive',
        'Transfer-Encoding': 'chunked',
      },
    });
  });
}

/** @param onFault told of what is no refusal, and says what the caller hears of it */
async function* frames(
  events: AsyncIterable<object>,
  { cut, requireSeen }: Pick<Actor, 'cut'> & { readonly requireSeen: () => Promise<void> },
  onFault: (error: unknown) => string,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const event of events) {
      await requireSeen();
      yield frame('progress', event);
    }
    cut?.throwIfAborted();
    yield frame('end', {});
  } catch (failed) {
    const error: unknown = cut?.aborted ? cut.reason : failed;
    const { code, message } = isPatchError(error)
      ? error
      : { code: 'INTERNAL_ERROR', message: onFault(error) };
    yield frame('failed', { code, message });
  }
}

function frame(event: string, data: object): Uint8Array {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
