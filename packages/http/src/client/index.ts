export { addressesOf, hostOf, type Resolve, unlessStopped } from './addresses.ts';
export { askOver } from './ask-over.ts';
export { connectionFault, findTrustFault, verificationFault } from './connection-fault.ts';
export { dial } from './dial.ts';
export { readBounded } from './read-bounded.ts';
export { routeTarget } from './route-target.ts';
export { type Attempt, shakeHands } from './shake-hands.ts';
export { systemAuthorities } from './system-authorities.ts';
export { verifiedTls } from './verified-tls.ts';
