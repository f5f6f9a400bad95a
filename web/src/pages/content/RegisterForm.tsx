import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { formatBytes } from '@/shared/lib/format';
import { PictureError } from '@/shared/lib/lvgl/read';
import { PICTURE_EXTENSIONS } from '@/shared/lib/upload/checks';
import { useSubmit } from '@/shared/lib/useSubmit';
import { CopyAsCli, shellLine } from '@/shared/ui/CopyAsCli';
import { DropArea } from '@/shared/ui/DropArea';
import { useUiTexts } from '@/shared/ui/i18n';
import { LvglPreview } from '@/shared/ui/LvglPreview';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { UploadBar } from '@/shared/ui/UploadBar';
import { ConverterFields } from './ConverterFields';
import { displayName } from './convert';
import { OwnBinary } from './OwnBinary';
import { useRegisterTexts } from './registerTexts';
import { useContentForm } from './useContentForm';

export function RegisterForm({ onClose }: { onClose: () => void }) {
  const t = useRegisterTexts();
  const ui = useUiTexts();
  const form = useContentForm();
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const { picture, shown } = form;
  const image = shown.result?.image ?? null;
  const { busy, error, forget, submit } = useSubmit(async () => {
    const done = await form.register(title.trim(), description);
    toastDone(done ? t('done', { title: title.trim() }) : t('cancelled'));
    if (done) onClose();
  });
  const choose = (file: File) => {
    forget();
    setTitle((before) => before || file.name.replace(/\.[^.]*$/, ''));
    void form.choosePicture(file);
  };
  const name = picture?.file.name ?? 'PICTURE';
  const words = ['stratus', 'content', 'push', title || 'TITLE', '--original', name, '--display'];
  words.push(form.mode === 'own' ? (form.own?.file.name ?? 'FILE') : displayName(name));
  if (description) words.push('--description', description);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Stack>
          <DropArea
            label={t('picture')}
            hint={t('pictureHint')}
            accept={PICTURE_EXTENSIONS.join(',')}
            file={picture?.file ?? null}
            disabled={busy}
            error={picture?.error instanceof PictureError ? t(picture.error.code, picture.error.values) : undefined}
            onFile={choose}
          />
          <TextInput
            label={t('name')}
            description={t('nameHint')}
            required
            maxLength={128}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Textarea
            label={t('description')}
            autosize
            minRows={2}
            maxRows={6}
            maxLength={16384}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        </Stack>
        <Stack>
          <SegmentedControl
            aria-label={t('how')}
            data={[
              { value: 'convert', label: t('convert') },
              { value: 'own', label: t('own') },
            ]}
            value={form.mode}
            onChange={(mode) => form.setMode(mode as 'convert' | 'own')}
          />
          {form.mode === 'convert' ? (
            <ConverterFields settings={form.settings} onChange={form.setSettings} />
          ) : (
            <OwnBinary form={form} busy={busy} />
          )}
        </Stack>
      </SimpleGrid>
      <section aria-labelledby="content-preview" aria-busy={shown.busy}>
        <Text fw={600} id="content-preview">
          {t('preview')}
        </Text>
        <LvglPreview
          image={image}
          error={shown.error}
          label={t('preview')}
          caption={
            image && shown.result
              ? t('previewText', {
                  width: image.width,
                  height: image.height,
                  format: image.format,
                  version: image.version,
                  bytes: formatBytes(shown.result.file.length),
                })
              : t(shown.busy ? 'converting' : 'previewNone')
          }
        />
      </section>
      <CopyAsCli command={shellLine(words)} />
      {error !== null && <ProblemAlert error={error} />}
      {form.upload.progress && form.sending && (
        <div>
          <Text size="sm">{t(form.sending === 'picture' ? 'sendingPicture' : 'sendingBinary')}</Text>
          <UploadBar progress={form.upload.progress} onCancel={form.upload.cancel} />
        </div>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {ui('cancel')}
        </Button>
        <Button disabled={!form.ready || title.trim() === ''} loading={busy} onClick={submit}>
          {t('submit')}
        </Button>
      </Group>
    </Stack>
  );
}
