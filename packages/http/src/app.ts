import { chooseRequestId } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Answer } from './answer.ts';
import { failureAnswer } from './failure-answer.ts';
import type { Exchange, HttpRequest } from './http-request.ts';
import { RouteTable } from './route-table.ts';
import type { ServedPath } from './served-path.ts';

export interface HttpAppOptions<R extends HttpRequest> {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The path as logs may show it. */
  readonly shownPath?: (path: string) => string;
  /** Lets a request through to its route, or throws the refusal. */
  readonly admit?: (exchange: Exchange<R>) => Promise<void> | void;
  /** Told of every answer, refusals included, before it is sent. */
  readonly onAnswered: (exchange: Exchange<R>, answered: AnsweredRequest, outcome: Outcome) => void;
}

export interface AnsweredRequest {
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly duration_ms: number;
}

/** What became of a request. */
export interface Outcome {
  readonly answer: Answer;
  /** What the answer tells the failure of; undefined where a route made it. */
  readonly error?: unknown;
}

/** Answers one request; what it throws becomes the answer of a failure. */
export type Handler<R extends HttpRequest> = (exchange: Exchange<R>) => Promise<Answer> | Answer;

/** Routes, and the answers they give. */
export interface HttpApp<R extends HttpRequest> {
  /** Serves a route; of several that a path fits, the first counts. */
  serve(route: ServedPath, handler: Handler<R>): void;
  /** Serves every path that fits no route, by whatever method; without it they are `NOT_FOUND`. */
  serveRest(handler: Handler<R>): void;
  answer(request: R): Promise<Answer>;
}

/**
 * An app without routes, in which every answer has a request id, and every failure the envelope. Requests with a fault
 * and with methods that no route has do not reach a route.
 */
export function createHttpApp<R extends HttpRequest>(options: HttpAppOptions<R>): HttpApp<R> {
  const { clock, random, shownPath = (path) => path } = options;
  const routes = new RouteTable<Handler<R>>();
  const outcomeOf = async (exchange: Exchange<R>): Promise<Outcome> => {
    const { fault, method, path } = exchange.request;
    try {
      if (fault) throw fault;
      await options.admit?.(exchange);
      const { handler, parameters } = routes.find(method, path);
      return { answer: await handler({ ...exchange, parameters }) };
    } catch (error) {
      const { requestId } = exchange;
      return { answer: failureAnswer(options, error, { requestId, path: shownPath(path) }), error };
    }
  };
  return {
    serve: (route, handler) => routes.add(route, handler),
    serveRest: (handler) => routes.setRest(handler),
    async answer(request) {
      const startedMs = clock.monotonicMs();
      const requestId = chooseRequestId(request.header('x-request-id'), () => random.uuid());
      const exchange = { request, requestId, parameters: {} };
      const outcome = await outcomeOf(exchange);
      const { status, headers } = outcome.answer;
      headers.set('x-request-id', requestId);
      headers.set('x-content-type-options', 'nosniff');
      if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
      const answered = {
        request_id: requestId,
        method: request.method,
        path: shownPath(request.path),
        status,
        duration_ms: Math.round(clock.monotonicMs() - startedMs),
      };
      options.onAnswered(exchange, answered, outcome);
      return outcome.answer;
    },
  };
}
