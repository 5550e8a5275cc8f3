import { useEffect, useState } from 'react';
import { useClockDifference } from './manager-clock.ts';

/** This moment by the manager's clock, every ten seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now + useClockDifference();
}
