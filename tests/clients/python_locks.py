#!/usr/bin/env python3
"""Checks the locks of Debian's python3-redis, whose release and deadlines are scripts, against a server.

Usage: python_locks.py BINARY
"""
import sys
import threading
import time
import unittest

import redis
from redis.exceptions import LockError, LockNotOwnedError

import server

PORT = None


class Locks(unittest.TestCase):
    def setUp(self):
        self.db = redis.Redis(port=PORT)
        self.addCleanup(self.db.close)
        self.db.flushall()

    def held(self, **options):
        lock = self.db.lock("lock", **options)
        self.assertTrue(lock.acquire())
        return lock

    def test_a_lock_excludes_others_until_it_is_released(self):
        lock, other = self.held(), self.db.lock("lock")
        self.assertEqual((lock.locked(), lock.owned(), other.locked(), other.owned()), (True, True, True, False))
        self.assertFalse(other.acquire(blocking=False))
        lock.release()
        self.assertFalse(lock.locked())
        self.assertTrue(other.acquire(blocking=False))
        self.assertRaises(LockError, lock.release)

    def test_a_lock_with_a_timeout_ends_by_itself(self):
        lock = self.held(timeout=0.05)
        self.assertTrue(0 < self.db.pttl("lock") <= 50)
        self.assertTrue(self.db.lock("lock", sleep=0.005).acquire(blocking_timeout=5))
        self.assertRaises(LockNotOwnedError, lock.release)
        self.assertEqual(self.db.exists("lock"), 1)

    def test_acquire_gives_up_after_its_time(self):
        self.held()
        start = time.monotonic()
        self.assertFalse(self.db.lock("lock", sleep=0.01).acquire(blocking_timeout=0.05))
        self.assertGreaterEqual(time.monotonic() - start, 0.03)

    def test_extend_adds_to_the_deadline_or_replaces_it(self):
        lock = self.held(timeout=100)
        self.assertTrue(lock.extend(50))
        self.assertTrue(149_000 < self.db.pttl("lock") <= 150_000)
        self.assertTrue(lock.extend(10.5, replace_ttl=True))
        self.assertTrue(9_500 < self.db.pttl("lock") <= 10_500)
        self.assertRaises(LockError, self.db.lock("lock").extend, 10)
        self.db.persist("lock")
        self.assertRaises(LockNotOwnedError, lock.extend, 10)

    def test_reacquire_sets_the_first_deadline_again(self):
        lock = self.held(timeout=100)
        self.db.pexpire("lock", 1000)
        self.assertTrue(lock.reacquire())
        self.assertTrue(99_000 < self.db.pttl("lock") <= 100_000)
        self.db.delete("lock")
        self.assertRaises(LockNotOwnedError, lock.reacquire)

    def test_a_lock_without_a_timeout_has_no_deadline(self):
        lock = self.held()
        self.assertEqual(self.db.pttl("lock"), -1)
        self.assertRaises(LockError, lock.extend, 10)
        self.assertRaises(LockError, lock.reacquire)

    def test_nobody_changes_the_lock_of_another_token(self):
        lock = self.held(timeout=100)
        self.db.set("lock", "another token", px=50_000)
        self.assertFalse(lock.owned())
        self.assertRaises(LockNotOwnedError, lock.extend, 100)
        self.assertRaises(LockNotOwnedError, lock.reacquire)
        self.assertRaises(LockNotOwnedError, lock.release)
        self.assertEqual(self.db.get("lock"), b"another token")
        self.assertTrue(49_000 < self.db.pttl("lock") <= 50_000)

    def test_a_token_of_ones_own_with_any_bytes(self):
        lock = self.db.lock("lock", timeout=100)
        self.assertTrue(lock.acquire(token=b"\0\r\n\xff"))
        self.assertEqual(self.db.get("lock"), b"\0\r\n\xff")
        self.assertTrue(lock.extend(10))
        lock.release()
        self.assertEqual(self.db.exists("lock"), 0)

    def test_the_scripts_are_loaded_again_after_script_flush(self):
        lock = self.held(timeout=100)
        self.db.script_flush()
        self.assertTrue(lock.extend(10))
        self.db.script_flush()
        lock.release()

    def test_eight_threads_share_a_lock(self):
        def count():
            db = redis.Redis(port=PORT)
            for _ in range(10):
                with db.lock("lock", timeout=100, sleep=0.001):
                    number = int(db.get("n") or 0)
                    db.set("n", number + 1)
            db.close()

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.db.get("n"), b"80")


if __name__ == "__main__":
    with server.running(sys.argv[1]) as PORT:
        outcome = unittest.main(argv=sys.argv[:1], exit=False)
    sys.exit(not outcome.result.wasSuccessful())
