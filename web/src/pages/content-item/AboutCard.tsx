import { Button, Card, Code, Group, Stack, Table, Text, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { useChangeContent } from '@/entities/content/api/changeContent';
import type { VersionedContent } from '@/entities/content/api/getContent';
import { Permitted } from '@/entities/session/Permitted';
import { whoIs } from '@/shared/lib/whoIs';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

export function AboutCard({ content, etag }: VersionedContent) {
  const t = useTexts();
  const [editing, setEditing] = useState(false);
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {t('facts')}
        </Title>
        {!editing && (
          <Permitted scope="releases:write">
            {(disabled) => (
              <Button
                size="compact-sm"
                variant="default"
                disabled={disabled}
                leftSection={<Icon name="edit" size={14} />}
                onClick={() => setEditing(true)}
              >
                {t('edit')}
              </Button>
            )}
          </Permitted>
        )}
      </Group>
      {editing ? (
        <Editor content={content} etag={etag} onDone={() => setEditing(false)} />
      ) : (
        <Text
          c={content.description ? undefined : 'dimmed'}
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {content.description || t('noDescription')}
        </Text>
      )}
      <Table variant="vertical" layout="fixed" mt="sm">
        <Table.Tbody>
          <Table.Tr>
            <Table.Th w={130}>{t('registered')}</Table.Th>
            <Table.Td>
              <TimeText value={content.created_at} />
            </Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th>{t('by')}</Table.Th>
            <Table.Td>{whoIs(content.created_by)}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th>{t('id')}</Table.Th>
            <Table.Td>
              <Code>{content.id}</Code>
            </Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Editor({ content, etag, onDone }: VersionedContent & { onDone: () => void }) {
  const t = useTexts();
  const ui = useUiTexts();
  const [text, setText] = useState(content.description);
  // Of the state that was opened: what somebody else saves meanwhile is not overwritten.
  const [opened] = useState(etag);
  const change = useChangeContent(content.id);
  const save = () =>
    change.mutate(
      { description: text, etag: opened },
      {
        onSuccess: () => {
          toastDone(t('saved', { title: content.title }));
          onDone();
        },
      },
    );
  return (
    <Stack gap="xs">
      <Textarea
        aria-label={t('description')}
        autosize
        minRows={4}
        maxRows={16}
        maxLength={16384}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {change.error && <ProblemAlert error={change.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onDone}>
          {ui('cancel')}
        </Button>
        <Button loading={change.isPending} onClick={save}>
          {t('save')}
        </Button>
      </Group>
    </Stack>
  );
}
