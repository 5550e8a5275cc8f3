import { useEffect, useState } from 'react';

/** From so long on people ask themselves whether anything happens. */
const LONG_MS = 10_000;

/** Whether something lasts for long already. */
export function useLong(lasts: boolean): boolean {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (!lasts) return undefined;
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [lasts]);
  return isLong;
}
