"""Decky's loader for the back end of the example: makes its `decky` module, then answers one call a line of JSON."""

import asyncio
import importlib.util
import json
import logging
import sys
import types

plugin_file, settings = sys.argv[1:]
decky = types.ModuleType("decky")
decky.DECKY_PLUGIN_SETTINGS_DIR = settings
decky.logger = logging.getLogger("decky")
sys.modules["decky"] = decky
spec = importlib.util.spec_from_file_location("main", plugin_file)
main = importlib.util.module_from_spec(spec)
spec.loader.exec_module(main)
plugin = main.Plugin()


async def answer(line: str) -> None:
    call = json.loads(line)
    try:
        reply = {"result": await getattr(plugin, call["route"])(*call["args"])}
    except Exception as problem:  # as the loader does: a call that fails rejects on the other side
        reply = {"error": str(problem)}
    print(json.dumps({"id": call["id"], **reply}), flush=True)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    await plugin._main()
    running = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.create_task(answer(line))
        running.add(task)
        task.add_done_callback(running.discard)
    await plugin._unload()


asyncio.run(serve())
