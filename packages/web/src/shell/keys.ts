import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

/** After `g`. */
const PLACES = {
  d: '/',
  h: '/hosts',
  u: '/updates',
  j: '/jobs',
  q: '/queue',
  c: '/certificates',
  a: '/audit',
  s: '/settings/ca',
} as const;

function placeOf(key: string): (typeof PLACES)[keyof typeof PLACES] | undefined {
  return Object.hasOwn(PLACES, key) ? PLACES[key as keyof typeof PLACES] : undefined;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** `/` goes to the search, `g` with a letter to a screen. */
export function useKeys(): void {
  const navigate = useNavigate();
  useEffect(() => {
    let afterG = false;
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const place = afterG ? placeOf(event.key) : undefined;
      afterG = event.key === 'g';
      if (place !== undefined) void navigate({ to: place });
      if (event.key !== '/') return;
      event.preventDefault();
      const search = document.querySelector<HTMLInputElement>('input[type=search]');
      if (search) search.focus();
      else void navigate({ to: '/hosts' });
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [navigate]);
}
