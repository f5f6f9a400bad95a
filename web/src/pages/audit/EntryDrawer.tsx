import { Code, Drawer, Stack, Table, Text } from '@mantine/core';
import { useAuditWords } from '@/entities/audit';
import { useUiTexts } from '@/shared/ui/i18n';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';
import type { AuditEntry } from './useAudit';

export function EntryDrawer({ entry, onClose }: { entry: AuditEntry | null; onClose: () => void }) {
  const t = useTexts();
  const ui = useUiTexts();
  const words = useAuditWords();
  return (
    <Drawer
      opened={entry !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={entry ? t('details', { sequence: entry.sequence }) : ''}
      closeButtonProps={{ 'aria-label': ui('close') }}
    >
      {entry && (
        <Stack>
          <Table>
            <Table.Tbody>
              <Row name={t('time')} value={<TimeText value={entry.time} />} />
              <Row name={t('actor')} value={<Named words={words.actor(entry.actor)} code={entry.actor} />} />
              <Row name={t('action')} value={<Named words={words.action(entry.action)} code={entry.action} />} />
              <Row name={t('object')} value={<Named words={words.object(entry.object)} code={entry.object} />} />
              <Row name={t('address')} value={entry.address} />
              <Row name={t('request')} value={<code>{entry.request}</code>} />
              <Row name={t('hash')} value={<code style={{ overflowWrap: 'anywhere' }}>{entry.hash}</code>} />
            </Table.Tbody>
          </Table>
          <Text fw={600}>{t('detail')}</Text>
          <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {JSON.stringify(entry.detail, null, 2)}
          </Code>
        </Stack>
      )}
    </Drawer>
  );
}

/** In words, and as filters and commands know it. */
function Named({ words, code }: { words: string; code: string }) {
  return (
    <>
      {words} <code>{code}</code>
    </>
  );
}

function Row({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={110}>
        {name}
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
    </Table.Tr>
  );
}
