export { type Answer, answerWith, jsonAnswer } from './answer.ts';
export {
  type AnsweredRequest,
  createHttpApp,
  type Handler,
  type HttpApp,
  type Outcome,
} from './app.ts';
export { bind } from './bind.ts';
export type { ConnectionLimits } from './connection-gate.ts';
export type { Exchange, HttpRequest } from './http-request.ts';
export { type RequestTarget, serveOn } from './node-adapter.ts';
export { type OpenConnections, trackConnections } from './open-connections.ts';
export { peerAddress } from './peer-address.ts';
export { rawErrorAnswer } from './raw-answer.ts';
export { createRequestBuckets } from './request-buckets.ts';
export {
  dataAnswer,
  type RouteInput,
  readRouteInput,
  type UnparsedInput,
} from './route-input.ts';
export { nothingHere } from './route-table.ts';
export { stopServer } from './stop-server.ts';
