_base_ = [
    '../_base_/models/upernet_swin_t.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
