import { counter, gauge, histogram } from '@hedgerow/common/metrics';

export const NET_METRICS = {
  registered: gauge('hedgerow_net_registered', '1 when a Node Engine has registered this worker, else 0.'),
  attachments: gauge('hedgerow_net_attachments', 'Instances that are attached to the network here.'),
  services: gauge('hedgerow_net_table_services', 'Services in the network table.'),
  received: counter(
    'hedgerow_net_overlay_received_bytes_total',
    'Bytes that came through the tunnel, since its device was made.',
  ),
  sent: counter(
    'hedgerow_net_overlay_sent_bytes_total',
    'Bytes that went into the tunnel, since its device was made.',
  ),
  dropped: counter(
    'hedgerow_net_overlay_dropped_packets_total',
    'Packets of the tunnel that the kernel dropped or found faulty.',
    ['direction'],
  ),
  problems: gauge(
    'hedgerow_net_problems',
    'What the machine lacks of what its network needs; the log names it.',
  ),
  leaks: gauge(
    'hedgerow_net_leaks',
    'Found in the kernel by the last comparison though nothing explained it, and removed.',
    ['kind'],
  ),
  strays: counter(
    'hedgerow_net_stray_packets_total',
    'Packets to addresses that nobody owns, as the comparisons with the kernel counted them.',
  ),
  duration: histogram(
    'hedgerow_net_kernel_command_duration_seconds',
    'How long the kernel’s tools took: a change is one transaction of several lines, a listing only reads.',
    [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    ['tool', 'kind'],
  ),
  failures: counter(
    'hedgerow_net_kernel_command_failures_total',
    'Changes and listings that the kernel’s tools refused.',
    ['tool', 'kind'],
  ),
} as const;
