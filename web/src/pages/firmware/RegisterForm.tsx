import { Badge, Button, Group, NumberInput, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { FIRMWARE_EXTENSIONS } from '@/shared/lib/upload/checks';
import type { FirmwareFacts } from '@/shared/lib/upload/firmwareHeader';
import { useSubmit } from '@/shared/lib/useSubmit';
import { CopyAsCli, shellLine } from '@/shared/ui/CopyAsCli';
import { DropArea } from '@/shared/ui/DropArea';
import { Findings } from '@/shared/ui/Findings';
import { useUiTexts } from '@/shared/ui/i18n';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { UploadBar } from '@/shared/ui/UploadBar';
import { useTexts } from './i18n';
import { isName, isVersion, useRegister, type RegisterValues } from './useRegister';

const EMPTY: RegisterValues = { name: '', version: '', notes: '', classes: [], slot: 0 };

function commandOf(values: RegisterValues, file: string): string {
  const words = ['stratus', 'firmware', 'push', `${values.name || 'NAME'}:${values.version || 'VERSION'}`, file];
  if (values.notes) words.push('--notes', values.notes);
  for (const name of values.classes) words.push('--class', name);
  return shellLine(words);
}

export function RegisterForm({ onClose }: { onClose: () => void }) {
  const t = useTexts();
  const ui = useUiTexts();
  const [values, setValues] = useState(EMPTY);
  const set = (part: Partial<RegisterValues>) => setValues((before) => ({ ...before, ...part }));
  const form = useRegister(values);
  const { busy, error, forget, submit } = useSubmit(async () => {
    if (await form.register()) {
      toastDone(t('dialog.done', { name: values.name, version: values.version }));
      onClose();
    } else toastDone(t('dialog.cancelled'));
  });
  const choose = async (file: File) => {
    forget();
    const facts = await form.choose(file);
    // What the file says of itself is only offered; what was typed stays.
    setValues((before) => ({
      ...before,
      name: before.name || offered(facts.project?.toLowerCase() ?? '', isName),
      version: before.version || offered(facts.version?.replace('+', '-') ?? '', isVersion),
    }));
  };
  return (
    <Stack>
      <DropArea
        label={t('dialog.drop')}
        hint={t('dialog.dropHint', { endings: FIRMWARE_EXTENSIONS.slice(0, 4).join(' ') + ' …' })}
        accept={FIRMWARE_EXTENSIONS.join(',')}
        file={form.file}
        disabled={busy}
        onFile={(file) => void choose(file)}
      />
      {form.facts && <Facts facts={form.facts} />}
      <Findings findings={form.findings} />
      <Group grow align="flex-start">
        <TextInput
          label={t('dialog.name')}
          description={t('dialog.nameHint')}
          required
          value={values.name}
          error={values.name !== '' && !isName(values.name) ? t('dialog.nameBad') : undefined}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          label={t('dialog.version')}
          description={t('dialog.versionHint')}
          required
          value={values.version}
          error={values.version !== '' && !isVersion(values.version) ? t('dialog.versionBad') : undefined}
          onChange={(event) => set({ version: event.currentTarget.value })}
        />
      </Group>
      <Textarea
        label={t('dialog.notes')}
        description={t('dialog.notesHint')}
        autosize
        minRows={3}
        maxRows={10}
        maxLength={16384}
        value={values.notes}
        onChange={(event) => set({ notes: event.currentTarget.value })}
      />
      <Group grow align="flex-start">
        <TagsInput
          label={t('dialog.classes')}
          description={t('dialog.classesHint')}
          value={values.classes}
          maxTags={32}
          onChange={(classes) => set({ classes: classes.filter(isVersion) })}
        />
        <NumberInput
          label={t('dialog.slot')}
          description={t('dialog.slotHint')}
          suffix=" KiB"
          min={0}
          allowDecimal={false}
          hideControls
          value={values.slot || ''}
          onChange={(slot) => set({ slot: Number(slot) || 0 })}
        />
      </Group>
      <CopyAsCli command={commandOf(values, form.file?.name ?? 'FILE')} />
      {error !== null && <ProblemAlert error={error} />}
      {form.upload.progress && <UploadBar progress={form.upload.progress} onCancel={form.upload.cancel} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {ui('cancel')}
        </Button>
        <Button disabled={!form.ready} loading={busy} onClick={submit}>
          {t('dialog.submit')}
        </Button>
      </Group>
    </Stack>
  );
}

const offered = (text: string, good: (text: string) => boolean) => (good(text) ? text : '');

function Facts({ facts }: { facts: FirmwareFacts }) {
  const t = useTexts();
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed">
        {t('dialog.inFile')}
      </Text>
      <Badge variant="light" color="gray">
        {t(`dialog.kind.${facts.kind}`)}
      </Badge>
      {[facts.chip, facts.project, facts.version].filter(Boolean).map((text) => (
        <Badge key={text} variant="light" color="gray">
          {text}
        </Badge>
      ))}
    </Group>
  );
}
