import { Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from '../i18n';
import { saveCommand, useSavePlace, type Kind, type PlaceForm } from './places';

/** Makes one (`before` null) or changes it. */
export function PlaceDialog({ kind, before, onClose }: { kind: Kind; before: PlaceForm | null; onClose: () => void }) {
  const t = useTexts();
  const save = useSavePlace(kind);
  const form = useForm<PlaceForm>({ initialValues: before ?? { code: '', name: '', filter: '' } });
  const name = form.values.name || form.values.code;
  const confirm = async () => {
    await save(before?.code ?? null, form.values);
    toastDone(t(before ? 'changed' : 'made', { name }));
  };
  return (
    <ConfirmDialog
      opened
      title={before ? t('edit', { name: before.name || before.code }) : t(`create.${kind}`)}
      action={before ? t('save') : t(`create.${kind}`)}
      command={saveCommand(kind, before?.code ?? null, form.values)}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Stack gap="xs">
        <TextInput
          label={t('code')}
          description={t('codeHint')}
          required
          data-autofocus
          {...form.getInputProps('code')}
        />
        <TextInput label={t('name')} maxLength={128} {...form.getInputProps('name')} />
        {kind === 'filter' && (
          <TextInput
            label={t('filterText')}
            required
            styles={{ input: { fontFamily: 'monospace' } }}
            {...form.getInputProps('filter')}
          />
        )}
      </Stack>
    </ConfirmDialog>
  );
}
