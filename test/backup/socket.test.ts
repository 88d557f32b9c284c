/** The server's side of a backup through its socket: whatever is asked there, nothing is held when the connection has ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BackupListener, socketPath } from '../../bin/backup/socket.ts';
import type { Backups, RunningBackup } from '../../storage/backups.ts';

describe('the socket for backups', () => {
  it('holds nothing for who has asked to begin twice, and gone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotrow-socket-'));
    let held = 0;
    let begun = 0;
    const backups = {
      begin: async (): Promise<RunningBackup> => {
        begun++;
        held++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { control: { clusterId: 1n }, release: () => void held-- } as unknown as RunningBackup;
      },
    } as unknown as Backups;
    const listener = await BackupListener.open(directory, backups);
    try {
      const socket = connect(socketPath(directory));
      let answers = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        answers += text;
      });
      socket.write('{"do":"begin"}\n{"do":"begin"}\n');
      while (answers.split('\n').length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(answers).to.include('invalid request: begin');
      socket.destroy();
      while (held > 0) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(begun).to.equal(1);
    } finally {
      listener.close();
      rmSync(directory, { recursive: true });
    }
  });
});
