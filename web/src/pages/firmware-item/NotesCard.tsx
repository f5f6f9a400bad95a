import { Button, Card, Group, Skeleton, Stack, Tabs, Text, Textarea, Title } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useChangeFirmware } from '@/entities/firmware/api/changeFirmware';
import type { VersionedFirmware } from '@/entities/firmware/api/getFirmware';
import { Permitted } from '@/entities/session/Permitted';
import { lazyPart } from '@/shared/lib/loadPart';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from './i18n';

const Markdown = lazyPart(async () => ({ default: (await import('@/shared/ui/Markdown')).Markdown }));

export function NotesCard({ firmware, etag }: VersionedFirmware) {
  const t = useTexts();
  const [editing, setEditing] = useState(false);
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {t('notes')}
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
        <Editor firmware={firmware} etag={etag} onDone={() => setEditing(false)} />
      ) : (
        <Shown text={firmware.notes} />
      )}
    </Card>
  );
}

function Shown({ text }: { text: string }) {
  const t = useTexts();
  if (!text.trim()) return <Text c="dimmed">{t('noNotes')}</Text>;
  return (
    <Suspense fallback={<Skeleton height={80} />}>
      <Markdown text={text} />
    </Suspense>
  );
}

function Editor({ firmware, etag, onDone }: VersionedFirmware & { onDone: () => void }) {
  const t = useTexts();
  const ui = useUiTexts();
  const [text, setText] = useState(firmware.notes);
  // Of the state that was opened: what somebody else saves meanwhile is not overwritten.
  const [opened] = useState(etag);
  const change = useChangeFirmware(firmware.id);
  const save = () =>
    change.mutate(
      { notes: text, etag: opened },
      {
        onSuccess: () => {
          toastDone(t('saved', { name: firmware.name, version: firmware.version }));
          onDone();
        },
      },
    );
  return (
    <Stack gap="xs">
      <Tabs defaultValue="write">
        <Tabs.List>
          <Tabs.Tab value="write">{t('write')}</Tabs.Tab>
          <Tabs.Tab value="preview">{t('preview')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="write" pt="xs">
          <Textarea
            aria-label={t('notes')}
            autosize
            minRows={8}
            maxRows={24}
            maxLength={16384}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </Tabs.Panel>
        <Tabs.Panel value="preview" pt="xs">
          <Shown text={text} />
        </Tabs.Panel>
      </Tabs>
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
