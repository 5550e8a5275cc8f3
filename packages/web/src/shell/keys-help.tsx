import { Button, Stack, Table, Title } from '@mantine/core';
import { useEffect, useId, useRef } from 'react';

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['/ or Ctrl K', 'to the search'],
  ['j and k', 'to the next and to the previous row of a list; Enter opens it'],
  ['g d', 'dashboard'],
  ['g h', 'hosts'],
  ['g u', 'updates'],
  ['g j', 'jobs'],
  ['g q', 'hosts that ask to join'],
  ['g c', 'certificates'],
  ['g a', 'audit log'],
  ['g s', 'settings'],
  ['?', 'this list'],
  ['Escape', 'leaves a question or this list'],
];

/** What keys there are. */
export function KeysHelp({ close }: { readonly close: () => void }) {
  const place = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    place.current?.showModal();
  }, []);
  return (
    <dialog ref={place} className="confirm" aria-labelledby={id} onClose={close}>
      <Stack gap="sm">
        <Title order={2} size="h4" id={id}>
          Keys
        </Title>
        <Table>
          <Table.Tbody>
            {KEYS.map(([keys, what]) => (
              <Table.Tr key={keys}>
                <Table.Th scope="row">
                  <kbd>{keys}</kbd>
                </Table.Th>
                <Table.Td>{what}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Button variant="default" onClick={() => place.current?.close()}>
          Close
        </Button>
      </Stack>
    </dialog>
  );
}
