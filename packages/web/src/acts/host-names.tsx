import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';

/** Names that are in the document at once. */
const SHOWN = 40;

/** Which hosts are meant: all of them, a part at a time. */
export function HostNames({ names }: { readonly names: readonly string[] }) {
  const [first, setFirst] = useState(0);
  const shown = names.slice(first, first + SHOWN);
  if (names.length === 0) return null;
  return (
    <div>
      <ul className="names" tabIndex={0} aria-label="Hosts that are meant">
        {shown.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      {names.length > SHOWN ? (
        <Group>
          <Button
            variant="default"
            size="xs"
            disabled={first === 0}
            onClick={() => setFirst(Math.max(0, first - SHOWN))}
          >
            Before
          </Button>
          <Text size="sm" role="status">
            {first + 1} to {first + shown.length} of {names.length.toLocaleString('en')}
          </Text>
          <Button
            variant="default"
            size="xs"
            disabled={first + SHOWN >= names.length}
            onClick={() => setFirst(first + SHOWN)}
          >
            After
          </Button>
        </Group>
      ) : null}
    </div>
  );
}
