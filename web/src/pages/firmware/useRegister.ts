import { useState } from 'react';
import { useAddFirmware } from '@/entities/firmware/api/changeFirmware';
import { useFirmwareVersions } from '@/entities/firmware/api/listFirmware';
import { checkExtension, checkFirmware, FIRMWARE_EXTENSIONS, type Finding } from '@/shared/lib/upload/checks';
import { peekFirmware, type FirmwareFacts } from '@/shared/lib/upload/firmwareHeader';
import { useUpload } from '@/shared/lib/upload/useUpload';

export interface RegisterValues {
  name: string;
  version: string;
  notes: string;
  classes: string[];
  /** KiB; 0: not known. */
  slot: number;
}

const NAME = /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/;
const VERSION = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
export const isName = (name: string) => name.length <= 128 && NAME.test(name);
export const isVersion = (version: string) => VERSION.test(version);

/** What is known of the chosen file, what speaks against it, and the way to the server. */
export function useRegister(values: RegisterValues) {
  const [file, setFile] = useState<File | null>(null);
  const [facts, setFacts] = useState<FirmwareFacts | undefined>();
  const [digest, setDigest] = useState<string | undefined>();
  const versions = useFirmwareVersions(isName(values.name) ? values.name : '');
  const upload = useUpload();
  const add = useAddFirmware();

  const choose = async (chosen: File) => {
    setFile(chosen);
    setFacts(undefined);
    setDigest(undefined);
    const read = await peekFirmware(chosen);
    setFacts(read);
    return read;
  };

  const findings: Finding[] = file
    ? [
        ...checkExtension(file.name, FIRMWARE_EXTENSIONS),
        ...checkFirmware({ ...values, slot: values.slot * 1024, size: file.size, facts, digest }, versions.data ?? []),
      ]
    : [];
  const blocked = findings.some(({ block }) => block);
  const ready = file !== null && isName(values.name) && isVersion(values.version) && !blocked;

  /** False when it was cancelled. */
  const register = async (): Promise<boolean> => {
    if (!file) return false;
    const stored = await upload.send(file, { version: values.version, onDigest: setDigest });
    if (!stored) return false;
    const { name, version, notes, classes } = values;
    await add.mutateAsync({ name, version, upload: stored.id, notes, classes });
    return true;
  };

  return { file, facts, choose, findings, ready, register, upload };
}
