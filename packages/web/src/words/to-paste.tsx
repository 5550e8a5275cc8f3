import { Button, Code, Group, Text } from '@mantine/core';
import { useId, useRef, useState } from 'react';

/** So that one key of the browser copies it where the page itself may not. */
function mark(text: HTMLElement | null): void {
  if (text) getSelection()?.selectAllChildren(text);
}

/** Text that is needed elsewhere: to be read whole however narrow the screen is, with a button that copies it. */
export function ToPaste({
  name,
  text,
  shown = text,
}: {
  /** What it is, for whoever does not see what stands around it. */
  readonly name: string;
  readonly text: string;
  /** As it is easier to read. */
  readonly shown?: string;
}) {
  const id = useId();
  const place = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    try {
      // Undefined where the browser does not hold the page for secure.
      await navigator.clipboard.writeText(text);
      setSaid('Copied.');
    } catch {
      mark(place.current);
      setSaid('The browser does not let the page copy. It is marked now: copy it with Ctrl+C, or ⌘C.');
    }
  };
  return (
    <div className="to-paste">
      <Code block className="to-paste-text" id={id} role="group" aria-label={name} ref={place}>
        {shown}
      </Code>
      <Group gap="xs" mt={4}>
        <Button variant="default" size="xs" onClick={() => void copy()} aria-describedby={id}>
          Copy
        </Button>
        <Text size="sm" component="span" role="status">
          {said}
        </Text>
      </Group>
    </div>
  );
}
