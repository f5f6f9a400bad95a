import { Group, Select, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { deviceKeys } from '@/entities/device/api/keys';
import type { Device } from '@/entities/device/api/listDevices';
import { placeKeys, usePlaces } from '@/entities/device/api/listPlaces';
import { api, take } from '@/shared/api/client';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from '../i18n';
import { changeCommand, changeOf, formOf, tagProblem } from '../model/edit';

/** What people say of a device; what it says of itself is not here. */
export function EditDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const t = useTexts();
  const client = useQueryClient();
  const regions = usePlaces('region').data ?? [];
  const groups = usePlaces('group').data ?? [];
  const form = useForm({ initialValues: formOf(device), validateInputOnChange: true });
  const change = changeOf(device, form.values);
  const wrong = tagProblem(form.values.tags);
  const save = async () => {
    await take(api.PATCH('/api/v1/devices/{id}', { params: { path: { id: device.id } }, body: change }));
    void client.invalidateQueries({ queryKey: deviceKeys.all });
    void client.invalidateQueries({ queryKey: placeKeys.all });
    toastDone(t('saved', { device: device.label || device.id }));
  };
  const options = (places: { code: string; name: string }[]) =>
    places.map(({ code, name }) => ({ value: code, label: name || code }));
  return (
    <ConfirmDialog
      opened
      title={t('form.title', { device: device.id })}
      action={t('form.save')}
      command={changeCommand(device.id, change)}
      onConfirm={save}
      onClose={onClose}
    >
      <Stack gap="xs">
        <TextInput label={t('identity.label')} maxLength={128} data-autofocus {...form.getInputProps('label')} />
        <Group grow>
          <Select
            label={t('identity.region')}
            placeholder={t('form.none')}
            clearable
            searchable
            data={options(regions)}
            {...form.getInputProps('region')}
          />
          <Select
            label={t('identity.group')}
            placeholder={t('form.none')}
            clearable
            searchable
            data={options(groups)}
            {...form.getInputProps('group')}
          />
        </Group>
        <Group grow>
          <TextInput label={t('identity.location')} maxLength={128} {...form.getInputProps('location')} />
          <TextInput
            label={t('identity.zone')}
            placeholder={t('form.zoneHint')}
            maxLength={128}
            {...form.getInputProps('time_zone')}
          />
        </Group>
        <TextInput label={t('identity.hardware')} maxLength={128} {...form.getInputProps('hardware')} />
        <Textarea
          label={t('identity.tags')}
          description={t('form.tagsHint')}
          autosize
          minRows={2}
          maxRows={8}
          styles={{ input: { fontFamily: 'monospace' } }}
          {...form.getInputProps('tags')}
          error={wrong && t('form.badTag', { line: wrong })}
        />
        <Switch label={t('identity.active')} {...form.getInputProps('active', { type: 'checkbox' })} />
      </Stack>
    </ConfirmDialog>
  );
}
