/**
 * Lines of sh(1) that wait for the process `$child` and leave in `$code` how it ended. A signal for which the script has a
 * trap ends wait(1) before the process ends: each trap sets `woken`, and then it is waited for again. Only wait knows how a
 * process ended: a shell may have collected one that ended at once, which kill(1) then finds no more, and says 127 of one
 * for which it was waited before.
 */
export const WAIT_FOR_CHILD = [
  'code= woken=',
  'while :; do',
  '  wait "$child"; now=$?',
  '  [ -n "$code" ] && [ "$now" = 127 ] || code=$now',
  '  [ -n "$woken" ] || break',
  '  woken=',
  'done',
].join('\n');
