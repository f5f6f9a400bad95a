import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { placeKeys, useSavedFilters } from '@/entities/device/api/listPlaces';
import { Permitted } from '@/entities/session/Permitted';
import { api, take } from '@/shared/api/client';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from '../i18n';

interface Props {
  filter: string;
  saved: string;
  onSaved: (code: string) => void;
}

/** Saved filters of the server: everybody has the same. */
export function SavedViews({ filter, saved, onSaved }: Props) {
  const t = useTexts();
  const filters = useSavedFilters();
  const [naming, setNaming] = useState(false);
  return (
    <Group gap="xs" wrap="nowrap">
      <Select
        aria-label={t('views')}
        placeholder={t('noView')}
        clearable
        searchable
        w={200}
        value={saved || null}
        data={(filters.data ?? []).map(({ code, name }) => ({ value: code, label: name || code }))}
        onChange={(code) => onSaved(code ?? '')}
      />
      <Permitted scope="devices:write">
        {(disabled) => (
          <Button variant="default" disabled={disabled || !filter} onClick={() => setNaming(true)}>
            {t('saveView')}
          </Button>
        )}
      </Permitted>
      {naming && <SaveDialog filter={filter} onClose={() => setNaming(false)} />}
    </Group>
  );
}

function SaveDialog({ filter, onClose }: { filter: string; onClose: () => void }) {
  const t = useTexts();
  const client = useQueryClient();
  const form = useForm({ initialValues: { code: '', name: '' } });
  const save = async () => {
    await take(api.POST('/api/v1/filters', { body: { ...form.values, filter } }));
    void client.invalidateQueries({ queryKey: placeKeys.kind('filter') });
    toastDone(t('viewSaved', { name: form.values.name || form.values.code }));
  };
  return (
    <ConfirmDialog
      opened
      title={t('saveTitle')}
      action={t('saveView')}
      command={shellLine([
        'stratus',
        'filter',
        'create',
        form.values.code || 'CODE',
        '--name',
        form.values.name,
        '--filter',
        filter,
      ])}
      onConfirm={save}
      onClose={onClose}
    >
      <Stack gap="xs">
        <TextInput
          label={t('viewCode')}
          description={t('viewCodeHint')}
          required
          data-autofocus
          {...form.getInputProps('code')}
        />
        <TextInput label={t('viewName')} {...form.getInputProps('name')} />
      </Stack>
    </ConfirmDialog>
  );
}
