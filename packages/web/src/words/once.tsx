import { Button, Code, Paper, Text } from '@mantine/core';
import { useState } from 'react';

/** A secret that is shown this once, with a button that copies it. */
export function Once({
  title,
  secret,
  note,
}: {
  readonly title: string;
  readonly secret: string;
  readonly note: string;
}) {
  const [said, setSaid] = useState('');
  const copy = (): void => {
    navigator.clipboard.writeText(secret).then(
      () => setSaid('Copied.'),
      () => setSaid('The browser does not let the page copy; mark the text and copy it.'),
    );
  };
  return (
    <Paper withBorder p="md" mt="sm">
      <Text fw={600}>{title}</Text>
      <Text size="sm">{note}</Text>
      <Code block tabIndex={0} my="xs" aria-label={title}>
        {secret}
      </Code>
      <Button variant="default" size="xs" onClick={copy}>
        Copy
      </Button>
      <Text size="sm" component="span" ml="xs" role="status">
        {said}
      </Text>
    </Paper>
  );
}
