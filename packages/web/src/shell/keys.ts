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

/** Goes to the link of another row of the lists on the screen; from elsewhere to the first. */
function step(by: 1 | -1): void {
  const rows = document.querySelectorAll('main .row-body, main tbody tr');
  const links = [...rows].flatMap((row) => row.querySelector<HTMLElement>('a[href]') ?? []);
  const at = links.findIndex((link) => link.closest('.row-body, tr')?.contains(document.activeElement));
  links[at < 0 ? 0 : at + by]?.focus();
}

/** Goes into the search of the screen; false where there is none. */
function focusSearch(): boolean {
  const box = document.querySelector<HTMLInputElement>('main input[type=search]');
  box?.focus();
  return box !== null;
}

/** Whether the key goes to the search: `/`, and what other programs have for it. */
function isForSearch({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return (ctrlKey || metaKey) && !altKey ? key.toLowerCase() === 'k' : key === '/';
}

/**
 * `/` goes to the search, `g` with a letter to a screen, `j` and `k` through the rows of a list.
 * @param help shows what keys there are, after `?`
 */
export function useKeys(help: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let afterG = false;
    const coming = new MutationObserver(() => {
      if (focusSearch()) coming.disconnect();
    });
    const search = (event: KeyboardEvent): void => {
      event.preventDefault();
      if (focusSearch()) return;
      coming.observe(document.body, { childList: true, subtree: true });
      void navigate({ to: '/hosts' });
    };
    const press = (event: KeyboardEvent): void => {
      coming.disconnect();
      // A question waits for its answer.
      if (document.querySelector('dialog[open]')) return;
      const { key, target, ctrlKey, metaKey, altKey } = event;
      const isCommand = ctrlKey || metaKey || altKey;
      if (isForSearch(event) && (isCommand || !isTyping(target))) return search(event);
      if (isTyping(target) || isCommand) return;
      const place = afterG ? placeOf(key) : undefined;
      afterG = key === 'g';
      if (place !== undefined) void navigate({ to: place });
      else if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1);
      else if (key === '?') help();
    };
    document.addEventListener('keydown', press);
    return () => {
      coming.disconnect();
      document.removeEventListener('keydown', press);
    };
  }, [navigate, help]);
}
