import { Button, Text } from '@mantine/core';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useId, useRef, useState } from 'react';

/** What stands beside the screen, and on a narrow one behind a button above it. Escape and a link of it fold it up again. */
export function Folded({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const press = ({ key }: KeyboardEvent): void => {
    if (key !== 'Escape' || !isOpen) return;
    setOpen(false);
    button.current?.focus();
  };
  const follow = ({ target }: MouseEvent): void => {
    if (!isOpen || !(target instanceof Element) || !target.closest('a')) return;
    setOpen(false);
    // The link that had the focus is not to be seen any more.
    document.getElementById('content')?.focus();
  };
  return (
    // Keys and links are of what is within: this is no button.
    <div onKeyDown={press} onClick={follow}>
      <div className="shell-bar">
        <Text fw={700}>{title}</Text>
        <Button
          className="shell-menu"
          variant="default"
          size="xs"
          ref={button}
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setOpen(!isOpen)}
        >
          <span aria-hidden="true">☰&nbsp;</span>Menu
        </Button>
      </div>
      <div id={id} className={isOpen ? 'shell-folded shell-unfolded' : 'shell-folded'}>
        {children}
      </div>
    </div>
  );
}
